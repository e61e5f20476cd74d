# R's packages on the data that make.py sends: y, binary response, counts, weights, offset, X in a row.
suppressPackageStartupMessages({library(glmnet); library(MASS); library(jsonlite)})
table <- as.matrix(read.table(file("stdin")))
y <- table[, 1]; b <- table[, 2]; k <- table[, 3]; w <- table[, 4]; o <- table[, 5]; X <- table[, -(1:5)]
dimnames(X) <- NULL
invisible(glmnet.control(fdev = 0, devmax = 1, epsnr = 1e-12, mxitnr = 1000))
records <- list()
add <- function(key, package, values, coef, intercept, response = "y", weighted = FALSE, fit_intercept = TRUE, has_offset = FALSE, tol = 1e-6) {
  records[[length(records) + 1]] <<- list(
    key = key, package = package, version = as.character(packageVersion(package)), values = values, response = response,
    weighted = weighted, fit_intercept = fit_intercept, has_offset = has_offset, tol = tol, coef = as.numeric(coef), intercept = as.numeric(intercept))
}
pf <- c(1, 2, 0.5, 1, 3)
for (weighted in c(FALSE, TRUE)) for (fit in c(TRUE, FALSE)) for (standardize in c(TRUE, FALSE)) for (alpha in c(0, 0.5, 1)) {
  weights <- if (weighted) w else rep(1, length(y))
  values <- list(lambda_ = 0.3, alpha = alpha, standardize = standardize)
  common <- list(x = X, lambda = 0.3, alpha = alpha, standardize = standardize, intercept = fit, weights = weights, thresh = 1e-24)
  m <- do.call(glmnet, c(common, list(y = y, family = "gaussian")))
  add("glmnet", "glmnet", values, m$beta[, 1], m$a0, weighted = weighted, fit_intercept = fit)
  m <- do.call(glmnet, c(common, list(y = y, family = gaussian())))
  add("glmnet.family_object", "glmnet", values, m$beta[, 1], m$a0, weighted = weighted, fit_intercept = fit)
  if (fit) {
    m <- do.call(glmnet, c(common, list(y = y, family = "gaussian", penalty.factor = pf)))
    add("glmnet", "glmnet", c(values, list(penalty.factor = pf)), m$beta[, 1], m$a0, weighted = weighted)
  }
  common$lambda <- 0.03; values$lambda_ <- 0.03
  for (offset in c(FALSE, TRUE)) {
    if (offset) common$offset <- o
    m <- do.call(glmnet, c(common, list(y = b, family = "binomial")))
    add("glmnet.binomial", "glmnet", values, m$beta[, 1], m$a0, response = "binary", weighted = weighted,
        fit_intercept = fit, has_offset = offset, tol = 1e-5)
    m <- do.call(glmnet, c(common, list(y = k, family = "poisson")))
    add("glmnet.poisson", "glmnet", values, m$beta[, 1], m$a0, response = "counts", weighted = weighted,
        fit_intercept = fit, has_offset = offset, tol = 1e-5)
    m <- do.call(glmnet, c(common, list(y = k, family = negative.binomial(2))))
    add("glmnet.negative_binomial", "glmnet", values, m$beta[, 1], m$a0, response = "counts", weighted = weighted,
        fit_intercept = fit, has_offset = offset, tol = 1e-5)
  }
}
m <- lm.ridge(y ~ X, lambda = 3)
add("MASS.lm.ridge", "MASS", list(lambda_ = 3), coef(m)[-1], coef(m)[1])
m <- lm.ridge(y ~ X - 1, lambda = 3)
add("MASS.lm.ridge", "MASS", list(lambda_ = 3), coef(m), 0, fit_intercept = FALSE)
cat(toJSON(records, auto_unbox = TRUE, digits = 15))
