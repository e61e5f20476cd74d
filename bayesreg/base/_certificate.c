/* The objective, its duality gap and the largest violation at many points, each against its own penalty.
   `mode/certificate.py` calls this, and has the same in NumPy: tests hold the two equal. A NaN stays one. */

#include "_loops.h"

#define LARGER(x, most) (((x) > (most)) | ((x) != (x)) ? (x) : (most))

typedef struct {
    Size q;
    const double *coef, *slope, *l1, *l2, *unit; /* minus the loss's gradient; of a column 1 over its norm, or 0 */
    double rss, lost;
} Point;

static double largest_of(const double *lanes)
{
    double most = lanes[0];
    for (int lane = 1; lane < LANES; lane++)
        most = LARGER(lanes[lane], most);
    return most;
}

static inline double ratio_of(const Point *at, Size j)
{
    double size = fabs(at->slope[j]), ratio = size / at->l1[j];
    return (size <= at->l1[j]) | (at->l2[j] > 0.0) ? 1.0 : ratio;
}

/* The factor by which the slopes are too large for columns without an l2 part, at least 1. */
FOR_PROCESSOR
static double excess(const Point *at)
{
    double most[LANES];
    Size j = 0;
    for (int lane = 0; lane < LANES; lane++)
        most[lane] = 1.0;
    for (; j + LANES <= at->q; j += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            double ratio = ratio_of(at, j + lane);
            most[lane] = LARGER(ratio, most[lane]);
        }
    for (; j < at->q; j++) {
        double ratio = ratio_of(at, j);
        most[0] = LARGER(ratio, most[0]);
    }
    return largest_of(most);
}

static inline void column(const Point *at, Size j, double step, double *penalties, double *terms, double *most)
{
    double coef = at->coef[j], slope = at->slope[j], l1 = at->l1[j], l2 = at->l2[j], z = step * slope;
    double beyond = fabs(z) - l1, left = slope - l2 * coef, at_zero = fabs(left) - l1;
    double ratio = beyond * beyond / (2.0 * l2), conjugate = (l2 > 0.0) & !(beyond <= 0.0) ? ratio : 0.0;
    double penalty = l1 * fabs(coef) + 0.5 * l2 * coef * coef, term = penalty + conjugate - coef * z;
    double beyond_zero = at_zero <= 0.0 ? 0.0 : at_zero, off_zero = fabs(left - copysign(l1, coef));
    double away = coef == 0.0 ? beyond_zero : off_zero;
    away *= at->unit[j];
    *penalties += penalty;
    *terms += term <= 0.0 ? 0.0 : term; /* at least 0 but for rounding (Fenchel and Young) */
    *most = LARGER(away, *most);
}

/* Write the objective, the gap and the largest violation on columns of unit norm. */
FOR_PROCESSOR
static void certify(const Point *at, double *primal, double *gap, double *away)
{
    double step = 1.0 / excess(at), penalties[LANES] = {0.0}, terms[LANES] = {0.0}, most[LANES] = {0.0};
    double penalty = 0.0, sum = 0.0;
    Size j = 0;
    for (; j + LANES <= at->q; j += LANES)
        for (int lane = 0; lane < LANES; lane++)
            column(at, j + lane, step, penalties + lane, terms + lane, most + lane);
    for (; j < at->q; j++)
        column(at, j, step, penalties, terms, most);
    for (int lane = 0; lane < LANES; lane++)
        penalty += penalties[lane], sum += terms[lane];
    *primal = 0.5 * (at->rss + at->lost) + penalty;
    *gap = 0.5 * (at->lost + (1.0 - step) * (1.0 - step) * at->rss) + sum;
    *away = largest_of(most);
}

/* Arguments: units (q), coefs, slopes, l1, l2 (k, q), rss, lost (k); written: objectives, gaps, violations (k); the first
   point, the point after the last. */
PyObject *py_certify(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    Size first = PyLong_AsSsize_t(PyTuple_GetItem(args, 10)), last = PyLong_AsSsize_t(PyTuple_GetItem(args, 11));
    if (PyErr_Occurred() || !take(&arrays, args, 10, 7))
        return NULL;
    Size q = LENGTH(0);
    const double *coefs = ARRAY(1), *slopes = ARRAY(2), *l1 = ARRAY(3), *l2 = ARRAY(4), *rss = ARRAY(5), *lost = ARRAY(6);
    double *primal = ARRAY(7), *gaps = ARRAY(8), *away = ARRAY(9);
    Py_BEGIN_ALLOW_THREADS
    for (Size k = first; k < last; k++) {
        Point at = {q, coefs + k * q, slopes + k * q, l1 + k * q, l2 + k * q, ARRAY(0), rss[k], lost[k]};
        certify(&at, primal + k, gaps + k, away + k);
    }
    Py_END_ALLOW_THREADS
    release(&arrays);
    return Py_NewRef(Py_None);
}
