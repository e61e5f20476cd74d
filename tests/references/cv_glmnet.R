# cv.glmnet on the rows that make.py sends, y first, in ten contiguous folds of one size.
suppressPackageStartupMessages({library(glmnet); library(jsonlite)})
table <- as.matrix(read.table(file("stdin")))
y <- table[, 1]; X <- table[, -1]; dimnames(X) <- NULL
invisible(glmnet.control(fdev = 0, devmax = 1))
folds <- rep(1:10, each = length(y) / 10)
runs <- list()
for (alpha in c(1, 0.5)) {
  # without lambda each fold has a sequence of its own, and is interpolated
  lambda <- glmnet(X, y, alpha = alpha, nlambda = 60)$lambda
  m <- cv.glmnet(X, y, alpha = alpha, foldid = folds, lambda = lambda, thresh = 1e-20, maxit = 1e7)
  runs[[length(runs) + 1]] <- list(alpha = alpha, lambda = m$lambda, mean = m$cvm, standard_error = m$cvsd,
    lambda_min = m$lambda.min, lambda_1se = m$lambda.1se, df = m$nzero)
}
cat(toJSON(list(package = "glmnet", version = as.character(packageVersion("glmnet")), runs = runs),
  auto_unbox = TRUE, digits = 15))
