/* The series of the posterior's certificate, added up over batches of draws while they are computed: kept, they would
   take six times the memory of the draws. `posterior/stein.py` calls this, and has the same in NumPy: tests hold the
   two equal. */

#include "_loops.h"

#define TAIL 2.0                         /* sds */
#define WITHIN 0.97724986805182079       /* the share of a normal distribution below its tail */
#define OUTSIDE 0.022750131948179207
#define ROOT_HALF 0.70710678118654752    /* of 1/2 */
#define ROOT_HALF_PI 1.2533141373155003  /* of pi/2 */
#define MIDDLE 3.75
#define N_SCALED 25 /* a multiple of four, and one */
#define N_POWER 21

/* (1 + 2x) erfcx(x) as a polynomial of (x - 3.75)/(x + 3.75), by interpolation at Chebyshev's nodes: relative error
   4e-15 for all x >= 0. */
static const double SCALED[N_SCALED] = {
    1.2375126308378293, -0.14024059858554208, 0.0035854154853848658, 0.082276738489817147,
    -0.10880393014205253, 0.092304321168642955, -0.058693398568098104, 0.028362277325652663,
    -0.0097465797804870968, 0.0017556264245399689, 0.00029371485093898642, -0.00029015620624761596,
    5.1645178558601401e-05, 2.2389322168692161e-05, -1.1435593194164539e-05, -9.8155487648909912e-07,
    1.7391213873452216e-06, -4.899629857391119e-08, -2.4650887553434586e-07, 1.7949787434190512e-08,
    3.1145646062213928e-08, -1.7898855730891228e-09, -2.4792825570330024e-09,
    0.0, 0.0};

/* exp(1 + x) for |x| <= 1 as a polynomial. */
static const double POWER[N_POWER] = {
    2.7182818284590451, 2.7182818284590451, 1.3591409142295225, 0.45304697140984085,
    0.11326174285246021, 0.022652348570492042, 0.0037753914284153404, 0.00053934163263076292,
    6.7417704078845365e-05, 7.490856008760596e-06, 7.4908560087605962e-07, 6.8098690988732686e-08,
    5.6748909157277246e-09, 4.3653007044059418e-10, 3.1180719317185298e-11, 2.0787146211456865e-12,
    1.2991966382160541e-13, 7.6423331659767896e-15, 4.2457406477648827e-16, 2.2346003409288855e-17,
    1.1173001704644428e-18};

/* Evaluate a polynomial with n coefficients, a multiple of four and one, at k places. */
FOR_PROCESSOR
static void polynomial(Size k, const double *restrict x, int n, const double *restrict of, double *restrict value)
{
    for (Size j = 0; j < k; j++)
        value[j] = of[n - 1];
    for (int i = n - 5; i >= 0; i -= 4)
        for (Size j = 0; j < k; j++)
            value[j] = (((value[j] * x[j] + of[i + 3]) * x[j] + of[i + 2]) * x[j] + of[i + 1]) * x[j] + of[i];
}

/* Write phi slope + phi' moved for the events u < -2 and u > 2, of k parameters of a draw, with room for 3k numbers. */
FOR_PROCESSOR
static void tails(Size k, const double *restrict u, const double *restrict slope, const double *restrict moved,
                  double *restrict room, double *restrict lower, double *restrict upper)
{
    double *restrict argument = room, *restrict far = room + k, *restrict near = room + 2 * k;
    for (Size j = 0; j < k; j++) {
        double x = fabs(u[j]) * ROOT_HALF;
        argument[j] = (x - MIDDLE) / (x + MIDDLE);
    }
    polynomial(k, argument, N_SCALED, SCALED, far);
    for (Size j = 0; j < k; j++) {
        double square = u[j] * u[j];
        argument[j] = 0.25 * (square + TAIL * TAIL - fabs(square - TAIL * TAIL)) - 1.0; /* half the smaller one, less 1 */
    }
    polynomial(k, argument, N_POWER, POWER, near);
    for (Size j = 0; j < k; j++) { /* without a branch, so that several are computed at once */
        double size = fabs(u[j]), sign = copysign(1.0, u[j]), inner = 0.5 + copysign(0.5, TAIL - size), outer = 1.0 - inner;
        double of_far = far[j] / (1.0 + 2.0 * size * ROOT_HALF), of_near = 2.0 * near[j] - of_far; /* erfcx(x), erfcx(-x) */
        double own = ROOT_HALF_PI * (inner * OUTSIDE * of_near + outer * WITHIN * of_far); /* at |u| */
        double other = ROOT_HALF_PI * OUTSIDE * of_far;                                    /* at -|u| */
        double step = inner * OUTSIDE - outer * WITHIN, towards = sign * slope[j];
        double of_own = own * towards + (size * own + step) * moved[j];
        double of_other = (OUTSIDE - size * other) * moved[j] - other * towards;
        double up = 0.5 + 0.5 * sign, down = 1.0 - up;
        upper[j] = up * of_own + down * of_other;
        lower[j] = up * of_other + down * of_own;
    }
}

FOR_PROCESSOR
static void location_and_width(Size c, const double *restrict place, const double *restrict slope,
                               const double *restrict moved, double *restrict location, double *restrict width,
                               double *restrict squares)
{
    for (Size j = 0; j < c; j++) {
        location[j] = slope[j];
        width[j] = place[j] * slope[j] + moved[j];
        squares[j] += slope[j] * slope[j];
    }
}

FOR_PROCESSOR
static void add(Size n, double *restrict to, const double *restrict row)
{
    for (Size i = 0; i < n; i++)
        to[i] += row[i];
}

/* Directions of c places at s draws, of which the first k are parameters; r more series are given. Arguments: place and
   slope (s, c), base (c), shares (g, c), levels (s, g), others (s, r), the long and the short batch of each draw (s), or
   -1 if it is in none; and, added to: sums of long and of short batches (b, 2c + 2k + r), squares (c); k. */
PyObject *py_stein_sums(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    Size k = PyLong_AsSsize_t(PyTuple_GetItem(args, 11));
    if (PyErr_Occurred() || !take(&arrays, args, 11, 8))
        return NULL;
    Size s = LENGTH(6), c = LENGTH(2), g = s ? LENGTH(4) / s : 0, r = s ? LENGTH(5) / s : 0, width = 2 * c + 2 * k + r;
    const double *place = ARRAY(0), *slope = ARRAY(1), *base = ARRAY(2), *shares = ARRAY(3), *levels = ARRAY(4);
    const double *others = ARRAY(5);
    const int64_t *in_long = ARRAY(6), *in_short = ARRAY(7);
    double *of_long = ARRAY(8), *of_short = ARRAY(9), *squares = ARRAY(10);
    double *row = malloc((size_t)(width + c + 3 * k) * sizeof(double)), *moved = row + width, *room = moved + c;
    if (row == NULL) {
        release(&arrays);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    for (Size i = 0; i < s; i++, place += c, slope += c) {
        memcpy(moved, base, (size_t)c * sizeof(double));
        for (Size level = 0; level < g; level++)
            subtract(c, moved, shares + level * c, -levels[i * g + level]);
        location_and_width(c, place, slope, moved, row, row + c, squares);
        tails(k, place, slope, moved, room, row + 2 * c, row + 2 * c + k);
        memcpy(row + 2 * c + 2 * k, others + i * r, (size_t)r * sizeof(double));
        if (in_long[i] >= 0)
            add(width, of_long + in_long[i] * width, row);
        if (in_short[i] >= 0)
            add(width, of_short + in_short[i] * width, row);
    }
    Py_END_ALLOW_THREADS
    free(row);
    release(&arrays);
    return Py_NewRef(Py_None);
}
