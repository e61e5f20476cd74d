// A page that was opened from a folder (file://) may not start a worker, which the search needs.
// There the worker's script runs in a frame that nobody sees, and sends and gets the same messages.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #address;
    #frame = document.createElement("iframe");
    #waiting = [];

    constructor(address) {
      super();
      this.#address = new URL(address, location.href).href;
      this.#frame.hidden = true;
      this.#frame.addEventListener("load", () => this.#start(), { once: true });
      document.body.append(this.#frame);
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data);
      else this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.#frame.remove();
    }

    #start() {
      const { contentDocument: inside, contentWindow: worker } = this.#frame;
      worker.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = inside.createElement("script");
      script.src = this.#address;
      script.addEventListener("load", () => {
        const waiting = this.#waiting;
        this.#waiting = null;
        waiting.forEach((data) => this.postMessage(data));
      });
      inside.head.append(script);
    }
  };
}
