/* Newton's step on the support of a coefficient vector: the columns that have a coefficient, or whose slope exceeds l1.

   mode/support_newton.py calls it. The factor of the curvature stays between calls: columns join it and leave it. So
   the curvature may be that of an earlier point, while slopes are those of the present one. */

#include "_loops.h"

#define LEAST_PIVOT 1e-10 /* of a column's curvature: with less left, others tell the column */

typedef struct {
    Size n, q, m; /* rows, columns, columns of the support */
    const double *X, *weight, *l1, *l2, *unit, *coef, *slopes;
    double *factor;   /* its column a has the entries a to m - 1 of q */
    int64_t *support; /* columns in the order of the factor */
    double *moved, *weighted, *row, *slope, *change;
    char *held;
} Step;

static void weigh(Step *s, Size j)
{
    for (Size i = 0; i < s->n; i++)
        s->weighted[i] = s->weight[i] * s->X[j * s->n + i];
}

/* Add a column to the factor, unless others tell it. */
static int append(Step *s, Size j)
{
    Size m = s->m;
    weigh(s, j);
    double size = dot(s->n, s->weighted, s->X + j * s->n) + s->l2[j], left = size;
    for (Size a = 0; a < m; a++)
        s->row[a] = dot(s->n, s->weighted, s->X + s->support[a] * s->n);
    for (Size a = 0; a < m; a++) {
        double *column = s->factor + a * s->q;
        s->row[a] /= column[a];
        subtract(m - a - 1, s->row + a + 1, column + a + 1, s->row[a]);
        column[m] = s->row[a];
        left -= s->row[a] * s->row[a];
    }
    if (!(left > LEAST_PIVOT * size))
        return 0;
    s->factor[m * s->q + m] = sqrt(left);
    s->support[m] = j;
    s->m++;
    return 1;
}

FOR_PROCESSOR
static void rotate(Size n, double *restrict a, double *restrict b, double cosine, double sine)
{
    for (Size i = 0; i < n; i++) {
        double turned = cosine * a[i] + sine * b[i];
        b[i] = cosine * b[i] - sine * a[i];
        a[i] = turned;
    }
}

/* Take the column at a position out of the factor. Its row leaves entries above the diagonal, which rotations remove. */
static void take_out(Step *s, Size k)
{
    Size m = --s->m, q = s->q;
    memmove(s->support + k, s->support + k + 1, (size_t)(m - k) * sizeof(int64_t));
    for (Size a = 0; a <= m; a++) {
        Size first = a > k ? a - 1 : k; /* of the rows that move up */
        memmove(s->factor + a * q + first, s->factor + a * q + first + 1, (size_t)(m - first) * sizeof(double));
    }
    for (Size a = k; a < m; a++) {
        double *own = s->factor + a * q, *next = own + q, length = hypot(own[a], next[a]);
        rotate(m - a, own + a, next + a, own[a] / length, next[a] / length);
    }
}

static void solve(const Step *s, double *x)
{
    for (Size a = 0; a < s->m; a++) {
        const double *column = s->factor + a * s->q;
        x[a] /= column[a];
        subtract(s->m - a - 1, x + a + 1, column + a + 1, x[a]);
    }
    for (Size a = s->m - 1; a >= 0; a--) {
        const double *column = s->factor + a * s->q;
        x[a] = (x[a] - dot(s->m - a - 1, column + a + 1, x + a + 1)) / column[a];
    }
}

/* The sign for which a column's l1 counts. */
static double side(const Step *s, Size j)
{
    return s->l1[j] == 0.0 ? 0.0 : sign(s->coef[j] != 0.0 ? s->coef[j] : s->slopes[j]);
}

/* How much of a change a column can take until its sign would change. */
static double room_for(const Step *s, Size j, double change)
{
    double now = s->moved[j];
    if (s->l1[j] == 0.0 || (now + change) * side(s, j) > 0.0)
        return INFINITY;
    return now == 0.0 ? 0.0 : -now / change;
}

/* Minimise the quadratic where signs stay. A coefficient whose sign would change stops at 0, and the others go on: the
   quadratic falls all the way, so it is a direction in which the objective falls. */
static int minimise(Step *s)
{
    int whole = 1;
    memcpy(s->moved, s->coef, (size_t)s->q * sizeof(double));
    for (Size a = 0; a < s->m; a++) {
        Size j = (Size)s->support[a];
        s->slope[a] = s->slopes[j] - s->l2[j] * s->coef[j] - s->l1[j] * side(s, j);
    }
    for (;;) {
        double length = 1.0;
        Size first = -1;
        memcpy(s->change, s->slope, (size_t)s->m * sizeof(double));
        solve(s, s->change);
        for (Size a = 0; a < s->m; a++) {
            double room = room_for(s, (Size)s->support[a], s->change[a]);
            if (room < INFINITY && (first < 0 || room < length))
                length = fmin(room, 1.0), first = a;
        }
        for (Size a = 0; a < s->m; a++) {
            s->moved[s->support[a]] += length * s->change[a];
            whole = whole && isfinite(s->change[a]);
        }
        if (first < 0 || !whole)
            return whole;
        s->moved[s->support[first]] = 0.0;
        take_out(s, first);
        memmove(s->slope + first, s->slope + first + 1, (size_t)(s->m - first) * sizeof(double));
        for (Size a = 0; a < s->m; a++)
            s->slope[a] *= 1.0 - length;
    }
}

/* Take a step; tell the violation and the penalty of the point, and whether there is a step. */
static int step(Step *s, double enough, double *told)
{
    double largest = 0.0, penalty = 0.0;
    int fits = 1;
    memset(s->held, 0, (size_t)s->q);
    for (Size a = 0; a < s->m; a++)
        s->held[s->support[a]] = 1;
    for (Size j = 0; j < s->q; j++) {
        double coef = s->coef[j], slope = s->slopes[j] - s->l2[j] * coef;
        double beyond = fabs(slope) <= s->l1[j] ? 0.0 : fabs(slope) - s->l1[j]; /* NaN stays NaN */
        double away = coef == 0.0 ? beyond : fabs(slope - s->l1[j] * sign(coef));
        int needed = s->unit[j] > 0.0 && (coef != 0.0 || s->l1[j] == 0.0);
        penalty += s->l1[j] * fabs(coef) + 0.5 * s->l2[j] * coef * coef;
        away *= s->unit[j];
        if (!(away <= largest)) /* NaN is a violation */
            largest = away;
        if (!s->held[j] && (needed || away > enough) && !append(s, j) && needed)
            fits = 0;
    }
    told[0] = largest, told[1] = penalty;
    return fits && isfinite(largest) && minimise(s);
}

/* X, weight, l1, l2, unit, coef, slopes, factor, support, size, moved, told, enough */
PyObject *py_support_step(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    double enough = PyFloat_AsDouble(PyTuple_GetItem(args, 12));
    if (PyErr_Occurred() || !take(&arrays, args, 12, 7))
        return NULL;
    int64_t *size = ARRAY(9);
    int is_there = 0;
    Step s = {0};
    s.n = LENGTH(1), s.q = LENGTH(2), s.m = (Size)*size;
    s.X = ARRAY(0), s.weight = ARRAY(1), s.l1 = ARRAY(2), s.l2 = ARRAY(3), s.unit = ARRAY(4);
    s.coef = ARRAY(5), s.slopes = ARRAY(6), s.factor = ARRAY(7), s.support = ARRAY(8), s.moved = ARRAY(10);
    double *room = malloc((size_t)(s.n + 3 * s.q) * sizeof(double));
    s.held = malloc((size_t)s.q);
    if (room != NULL && s.held != NULL) {
        s.weighted = room, s.row = room + s.n, s.slope = s.row + s.q, s.change = s.slope + s.q;
        Py_BEGIN_ALLOW_THREADS
        is_there = step(&s, enough, ARRAY(11));
        Py_END_ALLOW_THREADS
        *size = s.m;
    }
    int had_room = room != NULL && s.held != NULL;
    free(room);
    free(s.held);
    release(&arrays);
    return had_room ? PyBool_FromLong(is_there) : PyErr_NoMemory();
}
