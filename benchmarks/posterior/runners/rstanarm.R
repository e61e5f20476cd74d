# R's rstanarm: stan_glm, whose Stan programs are compiled when the package is built.
began <- Sys.time()
arguments <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({library(rstanarm); library(jsonlite)})
options(mc.cores = 2)
read_case <- function(folder) {
  words <- strsplit(readLines(file.path(folder, "facts.txt")), " ")[[1]]
  facts <- as.numeric(words[1:3])
  x <- matrix(readBin(file.path(folder, "x.bin"), "double", facts[1] * facts[2]), facts[1], facts[2])
  colnames(x) <- paste0("x", seq_len(facts[2]) - 1)
  list(frame = data.frame(x, y = readBin(file.path(folder, "y.bin"), "double", facts[1])), scale = facts[3],
       family = words[4])
}
reading <- Sys.time()
main <- read_case(arguments[1]); other <- read_case(arguments[2])
reading <- as.numeric(Sys.time() - reading, units = "secs")
imported <- Sys.time()
fit <- function(case, seed) {
  measured <- case$family == "gaussian"
  law <- if (measured) laplace else normal
  suppressWarnings(stan_glm(
    y ~ ., data = case$frame, family = if (measured) gaussian() else binomial(),
    prior = law(0, case$scale, autoscale = FALSE), prior_intercept = normal(0, 10, autoscale = FALSE),
    prior_aux = normal(0, 1, autoscale = FALSE), chains = 4, warmup = 1000, iter = 2000, seed = seed + 1, refresh = 0))
}
found <- fit(main, 0)
first_done <- Sys.time()
seconds <- function(a, b) as.numeric(a - b, units = "secs")
answer <- function(found, warm) {
  draws <- as.array(found)  # iteration, chain, parameter
  writeBin(as.vector(aperm(draws, c(3, 1, 2))), file.path(arguments[3], "draws.bin"))
  writeLines(dimnames(draws)[[3]], file.path(arguments[3], "names.txt"))
  diverging <- sum(sapply(rstan::get_sampler_params(found$stanfit, inc_warmup = FALSE), function(s) sum(s[, "divergent__"])))
  partial <- file.path(arguments[3], "partial.json")
  write(toJSON(list(
    versions = list(rstanarm = as.character(packageVersion("rstanarm")), R = as.character(getRversion())),
    import = seconds(imported, began) - reading, first = seconds(first_done, imported),
    finished_first = as.numeric(first_done) - reading, warm = I(warm), diverging = diverging), auto_unbox = TRUE, digits = 10),
    partial)
  invisible(file.rename(partial, file.path(arguments[3], "reply.json")))
}
warm <- numeric(0)
answer(found, warm)  # it counts if the time is up before a warm one is done
invisible(fit(other, 1))
while (length(warm) < as.integer(arguments[5]) && sum(warm) < as.numeric(arguments[6])) {
  started <- Sys.time()
  found <- fit(main, 2 + length(warm))
  warm <- c(warm, as.numeric(Sys.time() - started, units = "secs"))
}
answer(found, warm)
