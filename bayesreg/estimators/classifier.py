"""scikit-learn's classifier contract over a logistic regression, its mode and its posterior."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from jaxtyping import Float
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..base.arguments import check_choice, check_probability
from ..base.errors import SamplingWarning, warn
from ..data.checks import as_weights
from ..data.rows import RowData
from ..likelihoods.bernoulli import BernoulliLikelihood
from ..model.linear_model import LinearModel
from ..posterior.draws.predict import posterior_mean, predictive_bounds
from ..priors.base import Prior
from ..selection.partition import DEFAULT_FOLDS
from .estimator import BayesEstimator
from .summary import summarise_fit

if TYPE_CHECKING:
    import pandas as pd


class BayesClassifier(ClassifierMixin, BayesEstimator):
    """Logistic regression under a prior: scikit-learn's LogisticRegression as a mode, and the posterior around it.

    Parameters
    ----------
    prior : LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior, optional
        Default: GaussianPrior(), of scale 2.5/sd(x). GaussianPrior(√C) is LogisticRegression(C=C), and
        LaplacePrior(C) is LogisticRegression(C=C, l1_ratio=1). Its arguments are parameters too:
        ``GridSearchCV(classifier, {"prior__scale": ...})``.
    fit_intercept : bool, default True
        The intercept is unpenalised.
    standardize : bool, default False
        Whether the prior's scale speaks of standardised columns. Coefficients are reported on the original ones.
    scale_selection : str, optional
        How `fit` chooses the prior's scale: a method of `select_scale`, with its defaults, for example "cv". None: the
        scale is as given.
    class_weight : "balanced" or {label: weight}, optional
        Multiplies the rows' weights, as in scikit-learn. The posterior takes weights as numbers of observations, so
        `sample` warns: for a rare class, fit without weights and move the threshold of the probabilities.
    tol : float, default 1e-8
        Relative duality gap above which a ConvergenceWarning is given.
    folds : int, scikit-learn splitter or array (n,), default 5
        Of scale_selection="cv" and "cv-1se", as `select_scale` takes them.

    Attributes
    ----------
    classes_ : array (2,)
        The labels, sorted; probabilities and coefficients speak of the second.
    coef_ : array (1, p)
    intercept_ : array (1,)
    penalty_ : Penalty
        The canonical penalty on each column. `translate` turns it into another package's C or lambda.
    duality_gap_ : float
        Relative duality gap at the returned point.
    map_ : MapEstimate
        All of the mode, its certificate included.
    selection_ : ScaleSelection or None
        The scale that was chosen, and what it was compared with.
    posterior_ : xarray.DataTree
        The draws; only after ``sample``.
    n_iter_ : array (1,) of int
    n_features_in_ : int
    feature_names_in_ : array (p,) of str
        Only if X has column names that are all text.

    Examples
    --------
    >>> import bayesreg as br
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
    >>> classifier = br.BayesClassifier(br.GaussianPrior(1.0)).fit(X, y)
    >>> classifier.classes_.tolist(), round(float(classifier.predict_proba([[3.0]])[0, 1]), 3)
    (['no', 'yes'], 0.665)
    """

    def __init__(
        self,
        prior: Prior | None = None,
        fit_intercept: bool = True,
        standardize: bool = False,
        scale_selection: str | None = None,
        class_weight: Any = None,
        tol: float = 1e-8,
        folds: Any = DEFAULT_FOLDS,
    ) -> None:
        self.prior = prior
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.scale_selection = scale_selection
        self.class_weight = class_weight
        self.tol = tol
        self.folds = folds

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> Self:
        """Find the mode, with `scale_selection` under the scale that the data choose.

        Parameters
        ----------
        X : array, data frame or SciPy sparse array (n, p)
        y : array (n,)
            Labels of two kinds.
        sample_weight : array (n,), optional
        offset : array (n,), optional
            The known part of the log odds.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the labels are of another number of kinds.
        NoModeError
            If unpenalised columns, or the intercept, separate the classes.
        """
        validate_data(self, X, reset=True, skip_check_array=True)
        codes = self._coded(y)
        data = RowData.from_arrays(X, codes, self._weights(codes, sample_weight), offset=offset)
        if np.ptp(codes[data.sample_weight > 0.0]) == 0.0:
            raise ValueError(
                "the rows of positive weight are of one class only. Take in rows of both classes."
            )
        return self._fit_rows(data)

    def _fit_rows(self, data: RowData, preprocessing: Any = None) -> Self:
        super()._fit_rows(data, preprocessing)
        self.coef_ = self.map_.coef[None].copy()
        self.intercept_ = np.array([self.map_.intercept])
        self.n_iter_ = np.array([self.map_.n_iter])
        return self

    def _before_sampling(self) -> None:
        """Warn that the posterior takes class weights as numbers of observations."""
        if self.class_weight is not None and self._data is not None:
            warn(
                f"class_weight={self.class_weight!r} counts as numbers of observations: the posterior is that of "
                f"{self._data.sum_weights:.6g} rows, and its intercept and widths are not those of the "
                f"{self._data.n_samples} at hand. Fit without it, and choose another threshold for "
                "predict_proba instead.",
                SamplingWarning,
            )

    def decision_function(self, X: Any, offset: Any = None) -> Float[np.ndarray, " n"]:
        """Return the log odds of the second class at the mode.

        Parameters
        ----------
        X : array, data frame or SciPy sparse array (n, p)
        offset : array (n,), optional
            Needed if the rows of the fit had one.

        Returns
        -------
        array (n,)
        """
        return self._linear_predictor(X, offset)

    def predict(self, X: Any, offset: Any = None) -> Any:
        """Return the more probable class of each row at the mode."""
        check_is_fitted(self)
        second = self.decision_function(X, offset) > 0.0
        return self.classes_[second.astype(int)]

    def predict_proba(
        self, X: Any, of: str = "mode", interval: float | None = None, offset: Any = None
    ) -> Any:
        """Return the probabilities of the classes: at the mode, or averaged over the posterior.

        Parameters
        ----------
        X : array, data frame or SciPy sparse array (n, p)
        of : "mode" or "posterior", default "mode"
            "posterior" needs draws. At the mode probabilities are more extreme if few observations stand behind them.
        interval : float between 0 and 1, optional
            Probability of an equal-tailed posterior interval of the second class's probability, for example 0.9.
        offset : array (n,), optional
            Needed if the rows of the fit had one.

        Returns
        -------
        array (n, 2), or (array (n, 2), bounds (n, 2))

        Raises
        ------
        NotFittedError
            Before `fit`, or if draws are needed before `sample`.
        """
        check_choice("of", of, ("mode", "posterior"))
        likelihood = BernoulliLikelihood()
        if of == "mode":
            second = likelihood.mean(self.decision_function(X, offset), {})
        else:
            second = posterior_mean(self._posterior('of="posterior"'), *self._checked_rows(X, offset))
        both = np.column_stack([1.0 - second, second])
        if interval is None:
            return both
        check_probability("interval", interval)
        values, known = self._checked_rows(X, offset)
        tree = self._posterior("interval")
        return both, predictive_bounds(tree, values, float(interval), None, known, of_mean=True)

    def summary(self, interval: float = 0.9) -> "pd.DataFrame":
        """Return the fit as a table: the mode and, after `sample`, the posterior.

        Parameters
        ----------
        interval : float between 0 and 1, default 0.9
            Probability of the equal-tailed posterior interval.

        Returns
        -------
        DataFrame
            One row for each feature, then "intercept" if there is one, and "prior_scale" if it is sampled; the columns
            of `BayesRegressor.summary`. Coefficients are in units of log odds of the second class.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        scale = None if self.selection_ is None else self.selection_.scale
        return summarise_fit(
            self.map_,
            vars(self).get("posterior_"),
            scale,
            (),
            fit_intercept=self._model.fit_intercept,
            interval=interval,
        )

    def predict_log_proba(self, X: Any, offset: Any = None) -> Float[np.ndarray, "n 2"]:
        """Return the logarithms of the probabilities at the mode; none is −∞ by rounding."""
        log_odds = self.decision_function(X, offset)
        return -np.column_stack([np.logaddexp(0.0, log_odds), np.logaddexp(0.0, -log_odds)])

    def _coded(self, y: Any) -> Float[np.ndarray, " n"]:
        """Return 0 and 1 for the sorted labels, which are kept."""
        if y is None:
            raise ValueError("This estimator requires y to be passed, but the target y is None.")
        labels = column_or_1d(y, warn=True)
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            what = "NaN" if np.isnan(labels).any() else "infinity"
            raise ValueError(f"Input y contains {what}. Leave these rows out.")
        if not labels.size:
            raise ValueError("0 sample(s) were given, while a minimum of 2 is required.")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if self.classes_.size > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {type_of_target(labels)}: y has "
                f"{self.classes_.size} classes. A model of one class against the rest is no likelihood of all of them; "
                "ask about one label, y == label."
            )
        if self.classes_.size < 2:
            raise ValueError(
                f"y has one class only, {str(self.classes_[0])!r}: nothing can be learned about another. Take in rows "
                "of both classes."
            )
        return codes.astype(np.float64)

    def _weights(self, codes: Float[np.ndarray, " n"], sample_weight: Any) -> Any:
        """Multiply the rows' weights by those of their classes: "balanced" makes both classes weigh the same."""
        if self.class_weight is None:
            return sample_weight
        weights = as_weights(sample_weight, codes.size)
        if isinstance(self.class_weight, str):
            check_choice("class_weight", self.class_weight, ("balanced",))
            of_second = weights @ codes / weights.sum()
            return weights * np.where(codes == 1.0, 0.5 / of_second, 0.5 / (1.0 - of_second))
        first, second = (float(self.class_weight.get(label, 1.0)) for label in self.classes_.tolist())
        return weights * np.where(codes == 1.0, second, first)

    def _stated_model(self) -> LinearModel:
        """Return the model that the parameters state."""
        return LinearModel(self._stated_prior(), BernoulliLikelihood(), self.fit_intercept, self.standardize)
