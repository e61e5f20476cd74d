# R glmnet as a worker: requests as "verb<tab>key=value…" on stdin, replies as one JSON line on stdout.

status <- function(field) {
  lines <- readLines("/proc/self/status")
  as.numeric(sub("[^0-9]*([0-9]+).*", "\\1", lines[startsWith(lines, field)])) * 1024
}

read_problem <- function(folder) {
  facts <- strsplit(readLines(file.path(folder, "facts.txt")), " ")[[1]]
  raw <- function(name, what, size, count) readBin(file.path(folder, name), what, count, size = size)
  n <- as.integer(facts[1]); p <- as.integer(facts[2]); nnz <- as.integer(facts[3]); k <- as.integer(facts[4])
  if (nnz > 0) {
    suppressPackageStartupMessages(library(Matrix))
    X <- new("dgCMatrix", i = raw("indices.bin", "integer", 4, nnz), p = raw("indptr.bin", "integer", 4, p + 1),
             x = raw("x.bin", "double", 8, nnz), Dim = c(n, p))
  } else {
    X <- raw("x.bin", "double", 8, n * p)
    dim(X) <- c(n, p)
  }
  list(X = X, y = raw("y.bin", "double", 8, n), lambdas = raw("lambdas.bin", "double", 8, k),
       l1_ratio = as.numeric(facts[5]), intercept = facts[6] == "1", kind = facts[7],
       family = facts[8])
}

cut_problem <- function(problem, times) {
  n <- nrow(problem$X) - 7 * times
  p <- ncol(problem$X) - times * max(1, ncol(problem$X) %/% 50)
  problem$X <- problem$X[1:n, 1:p]
  problem$y <- problem$y[1:n]
  problem
}

# family = "gaussian" divides the L2 part by the sd of y, taken about 0 without intercept.
solve <- function(problem, variant, tol) {
  y <- problem$y
  sd_y <- sqrt(mean((y - if (problem$intercept) mean(y) else 0)^2))
  a <- problem$l1_ratio
  gaussian <- problem$family == "gaussian"
  stretch <- if (gaussian) a + sd_y * (1 - a) else 1
  lambdas <- problem$lambdas * stretch
  down <- endsWith(variant, ", path")
  if (down) {
    top <- max(abs(as.vector(crossprod(problem$X, y - if (problem$intercept) mean(y) else 0)))) / length(y)
    top <- top / max(a, 1e-3)  # glmnet's own start for a ridge
    lambdas <- exp(seq(log(top), log(lambdas), length.out = 20))
  }
  type <- sub(", path", "", variant)
  arguments <- c(
    list(problem$X, alpha = a / stretch, lambda = lambdas, standardize = FALSE, intercept = problem$intercept,
         thresh = tol, maxit = 1e9),
    switch(problem$family,
           gaussian = list(y = y, family = "gaussian", type.gaussian = type),
           bernoulli = list(y = cbind(1 - y, y), family = "binomial", type.logistic = type),
           poisson = list(y = y, family = "poisson")))
  if (problem$kind == "lasso_cv") {
    n <- length(y)
    sizes <- rep(n %/% 5, 5) + (seq_len(5) <= n %% 5)
    fit <- do.call(cv.glmnet, c(arguments, list(foldid = rep(1:5, sizes))))
    chosen <- fit$index["min", 1]
    return(list(coefs = as.matrix(fit$glmnet.fit$beta)[, chosen, drop = FALSE], intercepts = fit$glmnet.fit$a0[chosen],
                chosen = chosen - 1, reached = length(lambdas), asked = length(lambdas)))
  }
  fit <- do.call(glmnet, arguments)
  reached <- ncol(fit$beta)
  keep <- if (down) reached else seq_len(reached)
  list(coefs = fit$beta[, keep, drop = FALSE], intercepts = fit$a0[keep], chosen = -1, reached = reached,
       asked = length(lambdas))
}

now <- function() as.numeric(Sys.time())
reply <- function(...) cat(sprintf(...), "\n", sep = "")
problems <- list()
requests <- file("stdin")
open(requests)
while (length(line <- readLines(requests, n = 1)) > 0) {
  parts <- strsplit(line, "\t")[[1]]
  keys <- sub("=.*", "", parts[-1])
  request <- setNames(as.list(sub("[^=]*=", "", parts[-1])), keys)
  tryCatch(suppressWarnings(switch(parts[1],
    load = {
      started <- now()
      problems[[request$slot]] <- read_problem(request$folder)
      reply('{"seconds": %.6f}', now() - started)
    },
    import = {
      suppressPackageStartupMessages(library(glmnet))
      glmnet.control(fdev = 0, devmax = 1)
      reply('{"versions": {"glmnet": "%s", "R": "%s"}}', packageVersion("glmnet"), getRversion())
    },
    fit = {
      problem <- problems[[request$slot]]
      times <- as.integer(request$cut)
      if (times > 0) problem <- cut_problem(problem, times)
      gc()
      before <- status("VmRSS")
      try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
      seconds <- numeric()
      for (i in seq_len(as.integer(request$repeats))) {
        clock <- now()
        found <- solve(problem, request$variant, as.numeric(request$tol))
        seconds <- c(seconds, now() - clock)
      }
      finished <- now()
      peak <- status("VmHWM")
      if (found$reached < found$asked) stop(sprintf("stopped after %d of the lambdas", found$reached))
      if (request$out != "") {
        sink <- file(request$out, "wb")
        writeBin(as.vector(as.matrix(found$coefs)), sink)
        writeBin(as.vector(found$intercepts), sink)
        close(sink)
      }
      reply('{"seconds": [%s], "k": %d, "finished": %.6f, "rss_before": %.0f, "rss_peak": %.0f, "notes": {%s}}',
            paste(sprintf("%.9f", seconds), collapse = ", "), length(found$intercepts), finished, before, peak,
            if (found$chosen >= 0) sprintf('"chosen": %d', as.integer(found$chosen)) else "")
    }
  )), error = function(e) reply('{"error": "%s"}', gsub('["\\\\\n]', " ", conditionMessage(e))))
}
