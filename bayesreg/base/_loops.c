/* The innermost loops of coordinate descent, and products with sparse columns.

   `loops.py` calls these functions; nothing else does. Arrays are float64 and contiguous, and `loops.py` has checked
   that. No function keeps an array, and each runs without the interpreter's lock. The same algorithm on a Gram matrix
   stands in mode/solvers/quadratic.py for JAX: tests hold the two equal. Plain C99, and Python's limited API. */

#include "_loops.h"

#define SWEEPS_PER_ROUND 8
#define MAX_ROUNDS 500
#define WARM_ROUNDS 10
#define FARTHEST 1e12
#define CONTINUATION 4.0
#define PATIENCE 20
#define DAMPING 1e-11
#define N_LENGTHS 12
#define SLOW 0.5
#define SLOW_TO_POLISH 0.05
#define EPS 2.220446049250313e-16

typedef void (*Factorise)(char *, int *, double *, int *, int *);
typedef void (*Solve)(char *, int *, int *, double *, int *, double *, int *, int *);

static Factorise dpotrf;
static Solve dpotrs;

static double shrunk(double z, double l1)
{
    double size = fabs(z) - l1;
    return size > 0.0 ? sign(z) * size : 0.0;
}

/* ---- one quadratic on a Gram matrix, in coordinates in which every column has unit norm ---- */

typedef struct {
    Size p, stride; /* columns, and entries from one row of the Gram matrix to the next */
    const double *gram, *start, *start_gradient, *l1, *l2, *usable;
    double start_ss, enough;
    double *system, *diagonal, *slope, *direction, *zero_at, *step, *image, *best; /* room for Newton steps */
    Size *active;
} Quadratic;

static void gradient_at(const Quadratic *q, const double *coef, double *gradient)
{
    memcpy(gradient, q->start_gradient, (size_t)q->p * sizeof(double));
    for (Size j = 0; j < q->p; j++)
        if (coef[j] != q->start[j])
            subtract(q->p, gradient, q->gram + j * q->stride, coef[j] - q->start[j]);
}

static double violation_of(const Quadratic *q, Size j, double coef, double gradient)
{
    double slope = gradient - q->l2[j] * coef;
    double away = coef == 0.0 ? fmax(fabs(slope) - q->l1[j], 0.0) : fabs(slope - q->l1[j] * sign(coef));
    return q->usable[j] * away;
}

static void violations(const Quadratic *q, const double *coef, const double *gradient, double *away)
{
    for (Size j = 0; j < q->p; j++)
        away[j] = violation_of(q, j, coef[j], gradient[j]);
}

static double violation(const Quadratic *q, const double *coef, const double *gradient)
{
    double largest = 0.0;
    for (Size j = 0; j < q->p; j++) {
        double away = violation_of(q, j, coef[j], gradient[j]);
        if (!(away <= largest)) /* NaN is a violation */
            largest = away;
    }
    return largest;
}

FOR_PROCESSOR
static double gap(const Quadratic *q, const double *coef, const double *gradient)
{
    double rss = q->start_ss, excess = 1.0, terms = 0.0;
    for (Size j = 0; j < q->p; j++) {
        double size = fabs(q->usable[j] * gradient[j]);
        rss -= (coef[j] - q->start[j]) * (q->start_gradient[j] + gradient[j]);
        if (q->l2[j] == 0.0 && size > q->l1[j] * excess)
            excess = size / q->l1[j];
    }
    double dual = 1.0 / excess;
    for (Size j = 0; j < q->p; j++) {
        double z = dual * gradient[j], beyond = fabs(z) - q->l1[j];
        double conjugate = beyond > 0.0 && q->l2[j] > 0.0 ? beyond * beyond / (2.0 * q->l2[j]) : 0.0;
        double penalty = q->l1[j] * fabs(coef[j]) + 0.5 * q->l2[j] * coef[j] * coef[j];
        terms += q->usable[j] * (penalty + conjugate - coef[j] * z);
    }
    return 0.5 * (1.0 - dual) * (1.0 - dual) * rss + terms;
}

/* Minimise over each coordinate in turn; return the largest change. */
static double sweep(const Quadratic *q, double *coef, double *gradient)
{
    double largest = 0.0;
    for (Size j = 0; j < q->p; j++) {
        if (q->usable[j] == 0.0 || (coef[j] == 0.0 && fabs(gradient[j]) <= q->l1[j]))
            continue;
        double next = shrunk(gradient[j] + coef[j], q->l1[j]) / (1.0 + q->l2[j]), change = next - coef[j];
        if (change == 0.0)
            continue;
        coef[j] = next;
        subtract(q->p, gradient, q->gram + j * q->stride, change);
        if (!(fabs(change) <= largest))
            largest = fabs(change);
    }
    return largest;
}

/* Take a Newton step on the support; a coefficient stops at 0 if its sign would change. Tell whether it fell short. */
static int newton_step(const Quadratic *q, double *coef, const double *gradient)
{
    Size m = 0;
    for (Size j = 0; j < q->p; j++)
        if (q->usable[j] > 0.0 && (coef[j] != 0.0 || q->l1[j] == 0.0))
            q->active[m++] = j;
    if (m == 0)
        return 0;
    double first = INFINITY;
    int whole = 1, size = (int)m, one = 1, failed = 0;
    for (Size a = 0; a < m; a++) {
        Size j = q->active[a];
        const double *row = q->gram + j * q->stride;
        double *column = q->system + a * m;
        for (Size b = 0; b < m; b++)
            column[b] = row[q->active[b]];
        q->diagonal[a] = column[a] = row[j] + q->l2[j] + DAMPING;
        q->direction[a] = q->slope[a] = gradient[j] - q->l2[j] * coef[j] - q->l1[j] * sign(coef[j]);
    }
    dpotrf("L", &size, q->system, &size, &failed); /* the upper triangle keeps the matrix */
    if (failed)
        return 0;
    dpotrs("L", &size, &one, q->system, &size, q->direction, &size, &failed);
    for (Size a = 0; a < m; a++) {
        Size j = q->active[a];
        double towards = coef[j] * q->direction[a];
        q->zero_at[a] = q->l1[j] > 0.0 && towards < 0.0 ? -coef[j] / q->direction[a] : INFINITY;
        if (q->zero_at[a] < first)
            first = q->zero_at[a];
        whole = whole && isfinite(q->direction[a]);
    }
    if (whole && first > 1.0) {
        for (Size a = 0; a < m; a++)
            coef[q->active[a]] += q->direction[a];
        return 0;
    }
    double lowest = INFINITY, length = 1.0;
    for (int k = 0; k <= N_LENGTHS; k++, length *= 0.5) {
        double tried = k < N_LENGTHS ? length : fmin(first, 1.0), objective = 0.0;
        for (Size a = 0; a < m; a++)
            q->step[a] = q->zero_at[a] <= tried ? -coef[q->active[a]] : tried * q->direction[a];
        for (Size a = 0; a < m; a++) { /* column a of the upper triangle is row a up to the diagonal */
            double before = dot(a, q->system + a * m, q->step);
            objective += q->step[a] * (before + 0.5 * q->diagonal[a] * q->step[a] - q->slope[a]);
        }
        if (objective < lowest) {
            lowest = objective;
            memcpy(q->best, q->step, (size_t)m * sizeof(double));
        }
    }
    if (!(lowest <= 0.0))
        return 0;
    for (Size a = 0; a < m; a++)
        coef[q->active[a]] += q->best[a];
    return 1;
}

/* Repeat Newton steps until a full one fits into the orthant: that is the minimum on the last support. */
static void newton_steps(const Quadratic *q, double *coef, double *gradient)
{
    gradient_at(q, coef, gradient);
    for (Size count = 0; count < q->p; count++) {
        int fell_short = newton_step(q, coef, gradient);
        gradient_at(q, coef, gradient);
        if (!fell_short)
            return;
    }
}

/* The largest violation that rounding alone can cause. */
static double rounding(const Quadratic *q, const double *coef)
{
    double travelled = 0.0, steepest = 0.0, largest = 0.0;
    for (Size j = 0; j < q->p; j++) {
        double moved = coef[j] - q->start[j];
        travelled += moved * moved;
        steepest = fmax(steepest, fabs(q->start_gradient[j]));
        largest = fmax(largest, fabs(coef[j]));
    }
    return 4.0 * EPS * (steepest + largest + 2.0 * sqrt(travelled));
}

/* Minimise from a point; return the number of rounds. */
static Size descend(const Quadratic *q, double *coef, double *gradient, Size max_rounds, double *before)
{
    double away = violation(q, coef, gradient), best = away;
    int exact = q->enough == 0.0;
    Size idle = 0;
    if (!exact && gap(q, coef, gradient) <= q->enough)
        return 0;
    for (Size n_rounds = 0; n_rounds < max_rounds; n_rounds++) {
        double limit = rounding(q, coef), moved = 0.0, largest = 0.0;
        if (away <= limit || (idle >= PATIENCE && away < 1e4 * limit))
            return n_rounds;
        memcpy(before, coef, (size_t)q->p * sizeof(double));
        for (int k = 0; k < SWEEPS_PER_ROUND; k++) {
            if (sweep(q, coef, gradient) == 0.0)
                break;
            if (!exact && gap(q, coef, gradient) <= q->enough)
                return n_rounds + 1;
        }
        double left = (exact ? SLOW_TO_POLISH : SLOW) * away;
        away = violation(q, coef, gradient);
        if (!(away <= left)) {
            newton_steps(q, coef, gradient);
            away = violation(q, coef, gradient);
            if (!exact && gap(q, coef, gradient) <= q->enough)
                return n_rounds + 1;
        }
        idle = away < 0.5 * best ? 0 : idle + 1;
        best = fmin(best, away);
        for (Size j = 0; j < q->p; j++) {
            moved = fmax(moved, fabs(coef[j] - before[j]));
            largest = fmax(largest, fabs(coef[j]));
        }
        if (!(moved > EPS * largest))
            return n_rounds + 1;
    }
    return max_rounds;
}

/* Minimise along a falling l1, from a value for which the point is nearly optimal. */
static Size descend_from_afar(Quadratic *q, double *coef, double *gradient, double *room)
{
    const double *l1 = q->l1;
    double *larger = room + q->p, excess = 1.0;
    Size n_rounds = 0;
    gradient_at(q, coef, gradient);
    for (Size j = 0; j < q->p; j++) {
        double slope = fabs(gradient[j] - q->l2[j] * coef[j]);
        if (l1[j] > 0.0 && slope > excess * l1[j])
            excess = slope / l1[j];
    }
    for (excess = fmin(excess, FARTHEST) / CONTINUATION; excess > 1.0; excess /= CONTINUATION) {
        for (Size j = 0; j < q->p; j++)
            larger[j] = excess * l1[j];
        q->l1 = larger;
        n_rounds += descend(q, coef, gradient, WARM_ROUNDS, room);
    }
    q->l1 = l1;
    return n_rounds + descend(q, coef, gradient, MAX_ROUNDS, room);
}

static void ahead(Size p, const double *last, const double *before, double share, double *coef)
{
    for (Size j = 0; j < p; j++) {
        double moved = last[j] + share * (last[j] - before[j]);
        coef[j] = moved * last[j] > 0.0 ? moved : 0.0;
    }
}

static double total(Size p, const double *vector)
{
    double sum = 0.0;
    for (Size j = 0; j < p; j++)
        sum += vector[j];
    return sum;
}

/* Minimise k quadratics that share their Gram matrix, and their start if there is one; return whether there was room. */
static int solve_all(Size k, Size p, int one_start, const double *gram, const double *starts, const double *gradients,
                     const double *squares, const double *l1, const double *l2, const double *usable, int follow,
                     double enough, double *coefs, int64_t *n_rounds)
{
    double *room = malloc((size_t)(p * p + 10 * p) * sizeof(double)), *vectors = room + p * p;
    Size *active = malloc((size_t)p * sizeof(Size));
    double *gradient = vectors + 6 * p;
    if (room == NULL || active == NULL) {
        free(room);
        free(active);
        return 0;
    }
    for (Size i = 0; i < k; i++) {
        double *coef = coefs + i * p, share = 0.0;
        Size of = one_start ? 0 : i;
        Quadratic q = {p, p, gram, starts + of * p, gradients + of * p, l1 + i * p, l2 + i * p, usable, squares[of], enough,
                       room, vectors, vectors + p, vectors + 2 * p, vectors + 3 * p, vectors + 4 * p, NULL,
                       vectors + 5 * p, active};
        memcpy(coef, q.start, (size_t)p * sizeof(double));
        if (follow && i > 0) {
            double now = total(p, l1 + i * p), last = total(p, l1 + (i - 1) * p);
            double step = i > 1 ? last - total(p, l1 + (i - 2) * p) : 0.0;
            share = step != 0.0 ? fmin(fmax((now - last) / step, 0.0), 2.0) : 0.0;
            ahead(p, coef - p, i > 1 ? coef - 2 * p : coef - p, share, coef);
        }
        n_rounds[i] = descend_from_afar(&q, coef, gradient, vectors + 7 * p);
    }
    free(room);
    free(active);
    return 1;
}

/* ---- sparse columns ---- */

/* The functions of sparse columns exist for both integer types of indices. Column j has the entries first[j] to
   first[j + 1] of `rows` and `data`. Its mean is not subtracted from the entries: with columns x - m w, where w'w = 1
   is the direction of the means, a residual is kept as r + c w, and w'x is m. */
#define SPARSE(INDEX, NAME)                                                                                          \
    static double dot_##NAME(const INDEX *rows, const double *data, INDEX first, INDEX last, const double *r)         \
    {                                                                                                                 \
        double even = 0.0, odd = 0.0;                                                                                 \
        INDEX i = first;                                                                                              \
        for (; i + 1 < last; i += 2) {                                                                                \
            even += data[i] * r[rows[i]];                                                                             \
            odd += data[i + 1] * r[rows[i + 1]];                                                                      \
        }                                                                                                             \
        return i < last ? even + odd + data[i] * r[rows[i]] : even + odd;                                             \
    }                                                                                                                 \
    static void products_##NAME(Size p, const INDEX *first, const INDEX *rows, const double *data, const double *r,   \
                                double *out)                                                                          \
    {                                                                                                                 \
        for (Size j = 0; j < p; j++)                                                                                  \
            out[j] = dot_##NAME(rows, data, first[j], first[j + 1], r);                                               \
    }                                                                                                                 \
    static void squares_##NAME(Size p, const INDEX *first, const double *data, double *out)                            \
    {                                                                                                                 \
        for (Size j = 0; j < p; j++)                                                                                  \
            out[j] = dot(first[j + 1] - first[j], data + first[j], data + first[j]);                                  \
    }                                                                                                                 \
    static void fitted_##NAME(Size p, const INDEX *first, const INDEX *rows, const double *data, const double *coef,  \
                              double *out)                                                                            \
    {                                                                                                                 \
        for (Size j = 0; j < p; j++)                                                                                  \
            if (coef[j] != 0.0)                                                                                       \
                for (INDEX i = first[j]; i < first[j + 1]; i++)                                                       \
                    out[rows[i]] += coef[j] * data[i];                                                                \
    }                                                                                                                 \
    static double sweep_##NAME(Size m, const int64_t *held, const INDEX *first, const INDEX *rows,                    \
                               const double *data, const double *means, const double *squares, const double *l1,      \
                               const double *l2, double *coef, double *r, double *along)                              \
    {                                                                                                                 \
        double largest = 0.0;                                                                                         \
        for (Size a = 0; a < m; a++) {                                                                                \
            int64_t j = held[a];                                                                                      \
            if (squares[j] == 0.0)                                                                                    \
                continue;                                                                                             \
            double slope = dot_##NAME(rows, data, first[j], first[j + 1], r) + *along * means[j];                     \
            double next = shrunk(slope + squares[j] * coef[j], l1[j]) / (squares[j] + l2[j]);                         \
            double change = next - coef[j];                                                                           \
            if (change == 0.0)                                                                                        \
                continue;                                                                                             \
            coef[j] = next;                                                                                           \
            for (INDEX i = first[j]; i < first[j + 1]; i++)                                                           \
                r[rows[i]] -= change * data[i];                                                                       \
            *along += change * means[j];                                                                              \
            if (!(squares[j] * change * change <= largest))                                                           \
                largest = squares[j] * change * change;                                                               \
        }                                                                                                             \
        return sqrt(largest);                                                                                         \
    }

SPARSE(int32_t, int32)
SPARSE(int64_t, int64)

/* ---- dense columns ---- */

/* Blocks of columns, each with its own Gram matrix: the slopes of a block are products with the residual, descent within
   the block needs the Gram matrix alone, and then the residual changes once. As for sparse columns, means are not
   subtracted from the entries. The residual is kept times the roots of the weights. Each thread has a range of rows, and
   repeats what is not a sum over rows: so all threads have the same coefficients, and meet once for each block. */

#if defined(__GNUC__) && (defined(__unix__) || defined(__APPLE__))
#include <sched.h>
#define MOST_THREADS 64
#define PUBLISH(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)
#define PUBLISHED(place) __atomic_load_n(place, __ATOMIC_ACQUIRE)
#define WAIT() sched_yield()
#else
#define MOST_THREADS 1
#define PUBLISH(place, value) (*(place) = (value))
#define PUBLISHED(place) (*(place))
#define WAIT() ((void)0)
#endif

#define BLOCK 4               /* columns that are read at once */
#define PASSES 3              /* over a block's coordinates, while the residual waits */
#define FEW_LANES 4
#define LINE 8                /* entries between the counters of two threads */
#define SPINS 2000            /* before a thread that waits lets others run */
#define SUMS (BLOCK + BLOCK * BLOCK)

typedef struct {
    Size p, stride, n; /* columns; rows of X, and of this thread */
    const double *x, *weights, *means, *squares, *l1, *l2; /* x column by column, from this thread's first row on */
    double *coef, *r, *grams, *sums, *room, along;
    int64_t *met, meetings;
    int me, n_threads, has_grams;
} Dense;

/* Add the products of four columns with a vector. */
FOR_PROCESSOR
static void dot_four(Size n, const double *const *columns, const double *restrict r, double *out)
{
    const double *a = columns[0], *b = columns[1], *c = columns[2], *d = columns[3];
    double of_a[LANES] = {0.0}, of_b[LANES] = {0.0}, of_c[LANES] = {0.0}, of_d[LANES] = {0.0};
    Size i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            of_a[lane] += a[i + lane] * r[i + lane];
            of_b[lane] += b[i + lane] * r[i + lane];
            of_c[lane] += c[i + lane] * r[i + lane];
            of_d[lane] += d[i + lane] * r[i + lane];
        }
    for (; i < n; i++)
        of_a[0] += a[i] * r[i], of_b[0] += b[i] * r[i], of_c[0] += c[i] * r[i], of_d[0] += d[i] * r[i];
    for (int lane = 0; lane < LANES; lane++)
        out[0] += of_a[lane], out[1] += of_b[lane], out[2] += of_c[lane], out[3] += of_d[lane];
}

FOR_PROCESSOR
static void subtract_four(Size n, double *restrict r, const double *const *columns, const double *times,
                          const double *weights)
{
    const double *a = columns[0], *b = columns[1], *c = columns[2], *d = columns[3];
    double t = times[0], u = times[1], v = times[2], w = times[3];
    if (weights)
        for (Size i = 0; i < n; i++)
            r[i] -= weights[i] * (t * a[i] + u * b[i] + v * c[i] + w * d[i]);
    else
        for (Size i = 0; i < n; i++)
            r[i] -= t * a[i] + u * b[i] + v * c[i] + w * d[i];
}

/* Add up the threads' sums; false if a thread has gone. */
static int meet(Dense *d, Size count, const double *own, double *out)
{
    double *slot = d->sums + (d->meetings % 2) * d->n_threads * SUMS;
    memcpy(slot + d->me * SUMS, own, (size_t)count * sizeof(double));
    d->meetings++;
    PUBLISH(&d->met[d->me * LINE], d->meetings);
    memset(out, 0, (size_t)count * sizeof(double));
    for (int other = 0; other < d->n_threads; other++) {
        long spins = 0;
        int64_t seen;
        while ((seen = PUBLISHED(&d->met[other * LINE])) < d->meetings && seen >= 0)
            if (++spins > SPINS)
                WAIT();
        if (seen < 0)
            return 0;
        for (Size i = 0; i < count; i++)
            out[i] += slot[other * SUMS + i];
    }
    return 1;
}

/* Write the products of four different columns with each other; `left` are the columns, or times the weights. */
FOR_PROCESSOR
static void gram_of_four(Size n, const double *const *left, const double *const *right, double *out)
{
    const double *a = left[0], *b = left[1], *c = left[2], *f = right[1], *g = right[2], *h = right[3];
    double part[6][FEW_LANES] = {{0.0}};
    Size i = 0;
    for (; i + FEW_LANES <= n; i += FEW_LANES)
        for (int lane = 0; lane < FEW_LANES; lane++) {
            part[0][lane] += a[i + lane] * f[i + lane];
            part[1][lane] += a[i + lane] * g[i + lane];
            part[2][lane] += a[i + lane] * h[i + lane];
            part[3][lane] += b[i + lane] * g[i + lane];
            part[4][lane] += b[i + lane] * h[i + lane];
            part[5][lane] += c[i + lane] * h[i + lane];
        }
    for (; i < n; i++) {
        part[0][0] += a[i] * f[i], part[1][0] += a[i] * g[i], part[2][0] += a[i] * h[i];
        part[3][0] += b[i] * g[i], part[4][0] += b[i] * h[i], part[5][0] += c[i] * h[i];
    }
    for (int j = 0, pair = 0; j < BLOCK; j++)
        for (int k = j + 1; k < BLOCK; k++, pair++) {
            double sum = 0.0;
            for (int lane = 0; lane < FEW_LANES; lane++)
                sum += part[pair][lane];
            out[j * BLOCK + k] = out[k * BLOCK + j] = sum;
        }
}

static void products_of_block(const Dense *d, const double *const *columns, double *out)
{
    const double *left[BLOCK];
    for (int j = 0; j < BLOCK; j++) {
        left[j] = d->weights ? d->room + j * d->n : columns[j];
        for (Size i = 0; d->weights && i < d->n; i++)
            d->room[j * d->n + i] = d->weights[i] * columns[j][i];
    }
    gram_of_four(d->n, left, columns, out);
}

static double descend_in_block(Dense *d, int width, const int64_t *held, const double *gram, double *slopes,
                               double *change)
{
    double largest = 0.0;
    for (int pass = 0; pass < PASSES; pass++) {
        double moved = 0.0;
        for (int a = 0; a < width; a++) {
            int64_t j = held[a];
            if (d->squares[j] == 0.0)
                continue;
            double next = shrunk(slopes[a] + d->squares[j] * d->coef[j], d->l1[j]) / (d->squares[j] + d->l2[j]);
            double by = next - d->coef[j], size = d->squares[j] * by * by;
            if (by == 0.0)
                continue;
            d->coef[j] = next, change[a] += by;
            for (int b = 0; b < width; b++)
                slopes[b] -= by * gram[a * BLOCK + b];
            if (!(size <= moved))
                moved = size;
        }
        if (!(moved <= largest))
            largest = moved;
        if (moved == 0.0)
            break;
    }
    return largest;
}

/* Return the largest change of a coefficient, on unit-norm columns; -1 if another thread has gone. */
static double sweep_dense(Dense *d, Size m, const int64_t *held)
{
    double largest = 0.0, sums[SUMS];
    for (Size first = 0; first < m; first += BLOCK) {
        int width = m - first < BLOCK ? (int)(m - first) : BLOCK;
        double *gram = d->grams + first * BLOCK, own[SUMS] = {0.0}, change[BLOCK] = {0.0};
        const double *columns[BLOCK];
        for (int a = 0; a < BLOCK; a++)
            columns[a] = d->x + held[first + (a < width ? a : 0)] * d->stride;
        dot_four(d->n, columns, d->r, own);
        if (!d->has_grams)
            products_of_block(d, columns, own + BLOCK);
        if (!meet(d, d->has_grams ? BLOCK : SUMS, own, sums))
            return -1.0;
        for (int a = 0; a < width; a++)
            sums[a] += d->along * d->means[held[first + a]];
        for (int a = 0; a < width && !d->has_grams; a++)
            for (int b = 0; b < width; b++)
                gram[a * BLOCK + b] = a == b ? d->squares[held[first + a]]
                                             : sums[BLOCK + a * BLOCK + b] -
                                                   d->means[held[first + a]] * d->means[held[first + b]];
        double moved = descend_in_block(d, width, held + first, gram, sums, change);
        if (moved == 0.0)
            continue;
        if (!(moved <= largest))
            largest = moved;
        for (int a = 0; a < width; a++)
            d->along += change[a] * d->means[held[first + a]];
        subtract_four(d->n, d->r, columns, change, d->weights);
    }
    d->has_grams = 1;
    return sqrt(largest);
}

/* ---- the interface ---- */

static PyObject *py_solve_all(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    int follow = PyObject_IsTrue(PyTuple_GetItem(args, 9)), had_room;
    double enough = PyFloat_AsDouble(PyTuple_GetItem(args, 10));
    if (PyErr_Occurred() || !take(&arrays, args, 9, 7))
        return NULL;
    Size k = LENGTH(8), p = LENGTH(6);
    Py_BEGIN_ALLOW_THREADS
    had_room = solve_all(k, p, LENGTH(3) == 1, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5), ARRAY(6), follow,
                         enough, ARRAY(7), ARRAY(8));
    Py_END_ALLOW_THREADS
    release(&arrays);
    return had_room ? Py_NewRef(Py_None) : PyErr_NoMemory();
}

static PyObject *py_gram_sweeps(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    long n_sweeps = PyLong_AsLong(PyTuple_GetItem(args, 6));
    if (PyErr_Occurred() || !take(&arrays, args, 6, 4))
        return NULL;
    Quadratic q = {0};
    q.p = LENGTH(3), q.stride = arrays.view[0].len / (arrays.view[0].shape[0] * (Size)sizeof(double));
    q.gram = ARRAY(0), q.l1 = ARRAY(1), q.l2 = ARRAY(2), q.usable = ARRAY(3);
    Py_BEGIN_ALLOW_THREADS
    while (n_sweeps-- > 0 && sweep(&q, ARRAY(4), ARRAY(5)) != 0.0)
        ;
    Py_END_ALLOW_THREADS
    release(&arrays);
    return Py_NewRef(Py_None);
}

/* coef, gradient, l1, l2, usable, away, rss: write violations, and return the duality gap */
static PyObject *py_slopes(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    double rss = PyFloat_AsDouble(PyTuple_GetItem(args, 6)), found;
    if (PyErr_Occurred() || !take(&arrays, args, 6, 5))
        return NULL;
    Quadratic q = {0};
    double *coef = ARRAY(0), *gradient = ARRAY(1);
    q.p = LENGTH(0), q.start = coef, q.start_gradient = gradient, q.start_ss = rss;
    q.l1 = ARRAY(2), q.l2 = ARRAY(3), q.usable = ARRAY(4);
    Py_BEGIN_ALLOW_THREADS
    violations(&q, coef, gradient, ARRAY(5));
    found = gap(&q, coef, gradient);
    Py_END_ALLOW_THREADS
    release(&arrays);
    return PyFloat_FromDouble(found);
}

/* first, rows, data, vector, out, is_long, transposed */
static PyObject *py_sparse_product(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    int is_long = PyObject_IsTrue(PyTuple_GetItem(args, 5)), transposed = PyObject_IsTrue(PyTuple_GetItem(args, 6));
    if (PyErr_Occurred() || !take(&arrays, args, 5, 4))
        return NULL;
    Size p = LENGTH(transposed ? 4 : 3);
    Py_BEGIN_ALLOW_THREADS
    if (transposed)
        is_long ? products_int64(p, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4))
                : products_int32(p, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4));
    else
        is_long ? fitted_int64(p, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4))
                : fitted_int32(p, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4));
    Py_END_ALLOW_THREADS
    release(&arrays);
    return Py_NewRef(Py_None);
}

/* first, data, out, is_long */
static PyObject *py_sparse_squares(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    int is_long = PyObject_IsTrue(PyTuple_GetItem(args, 3));
    if (PyErr_Occurred() || !take(&arrays, args, 3, 2))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    is_long ? squares_int64(LENGTH(2), ARRAY(0), ARRAY(1), ARRAY(2))
            : squares_int32(LENGTH(2), ARRAY(0), ARRAY(1), ARRAY(2));
    Py_END_ALLOW_THREADS
    release(&arrays);
    return Py_NewRef(Py_None);
}

/* held, first, rows, data, means, squares, l1, l2, coef, r, along, is_long, n_sweeps, target: return the largest change
   of the last sweep, on unit-norm columns */
static PyObject *py_sparse_sweeps(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    int is_long = PyObject_IsTrue(PyTuple_GetItem(args, 11));
    long n_sweeps = PyLong_AsLong(PyTuple_GetItem(args, 12));
    double target = PyFloat_AsDouble(PyTuple_GetItem(args, 13)), largest = INFINITY;
    if (PyErr_Occurred() || !take(&arrays, args, 11, 8))
        return NULL;
    Size m = arrays.view[0].len / (Size)sizeof(int64_t);
    Py_BEGIN_ALLOW_THREADS
    while (n_sweeps-- > 0 && largest > target)
        largest = is_long ? sweep_int64(m, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5), ARRAY(6),
                                        ARRAY(7), ARRAY(8), ARRAY(9), ARRAY(10))
                          : sweep_int32(m, ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5), ARRAY(6),
                                        ARRAY(7), ARRAY(8), ARRAY(9), ARRAY(10));
    Py_END_ALLOW_THREADS
    release(&arrays);
    return PyFloat_FromDouble(largest);
}

/* held, x, weights, means, squares, l1, l2, coefs, r, grams, sums, met, n_sweeps, target, has_grams, first_row,
   last_row, me, along: return the sweeps done, the largest change of the last one, on unit-norm columns, and `along`.
   `coefs`, `grams` and `met` have a row for each thread; weights of length 0 are ones. r is the residual at `coefs`. */
static PyObject *py_dense_sweeps(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    long given[5], done = 0;
    const int places[5] = {12, 14, 15, 16, 17};
    for (int i = 0; i < 5; i++)
        given[i] = PyLong_AsLong(PyTuple_GetItem(args, places[i]));
    double target = PyFloat_AsDouble(PyTuple_GetItem(args, 13)), along = PyFloat_AsDouble(PyTuple_GetItem(args, 18));
    double largest = INFINITY;
    if (PyErr_Occurred() || !take(&arrays, args, 12, 7))
        return NULL;
    long first = given[2], last = given[3], me = given[4];
    Size p = LENGTH(3), m = arrays.view[0].len / (Size)sizeof(int64_t), stride = LENGTH(8);
    int n_threads = (int)(LENGTH(7) / p);
    Dense d = {p, stride, last - first, (double *)ARRAY(1) + first, LENGTH(2) ? (double *)ARRAY(2) + first : NULL,
               ARRAY(3), ARRAY(4), ARRAY(5), ARRAY(6), (double *)ARRAY(7) + me * p, (double *)ARRAY(8) + first,
               (double *)ARRAY(9) + me * (LENGTH(9) / n_threads), ARRAY(10), NULL, along, ARRAY(11), 0, (int)me, n_threads,
               given[1] != 0};
    d.room = d.weights ? malloc((size_t)(BLOCK * d.n) * sizeof(double)) : NULL;
    int had_room = d.room || !d.weights;
    Py_BEGIN_ALLOW_THREADS
    while (had_room && done < given[0] && largest > target) {
        largest = sweep_dense(&d, m, ARRAY(0));
        done++;
    }
    if (!had_room || largest < 0.0)
        PUBLISH(&d.met[me * LINE], -1);
    free(d.room);
    Py_END_ALLOW_THREADS
    release(&arrays);
    return had_room ? Py_BuildValue("ldd", done, largest, d.along) : PyErr_NoMemory();
}

static PyMethodDef METHODS[] = {
    {"solve_all", py_solve_all, METH_VARARGS, "Minimise k penalised quadratics that share their Gram matrix."},
    {"gram_sweeps", py_gram_sweeps, METH_VARARGS, "Minimise over each coordinate in turn, on a Gram matrix."},
    {"slopes", py_slopes, METH_VARARGS, "Return the duality gap of a point, and write the violation of each column."},
    {"sparse_product", py_sparse_product, METH_VARARGS, "Multiply sparse columns by a vector, or a vector by them."},
    {"sparse_squares", py_sparse_squares, METH_VARARGS, "Write the sum of squares of each sparse column."},
    {"sparse_sweeps", py_sparse_sweeps, METH_VARARGS, "Minimise over each coordinate in turn, on sparse columns."},
    {"dense_sweeps", py_dense_sweeps, METH_VARARGS, "Minimise over blocks of dense columns, as one of several threads."},
    {"certify", py_certify, METH_VARARGS, "Write the objective, the duality gap and the largest violation at points."},
    {"stein_sums", py_stein_sums, METH_VARARGS, "Add up the series of Stein's identity over batches of draws."},
    {"support_step", py_support_step, METH_VARARGS, "Take Newton's step on the columns that have coefficients."},
    {"tall_gram", py_tall_gram, METH_VARARGS, "Multiply tall columns with each other, on a processor with wide vectors."},
    {NULL, NULL, 0, NULL}};

/* Find a function of SciPy's LAPACK, if its integers are C's int; `signature` is the name under which SciPy keeps it. */
static void *lapack(const char *name, const char *signature)
{
    void *found = NULL;
    PyObject *module = PyImport_ImportModule("scipy.linalg.cython_lapack");
    PyObject *table = module ? PyObject_GetAttrString(module, "__pyx_capi__") : NULL;
    PyObject *capsule = table ? PyMapping_GetItemString(table, name) : NULL;
    if (capsule)
        found = PyCapsule_GetPointer(capsule, signature);
    Py_XDECREF(capsule);
    Py_XDECREF(table);
    Py_XDECREF(module);
    return found;
}

#define REAL "__pyx_t_5scipy_6linalg_13cython_lapack_d *"

static int start(PyObject *module)
{
    *(void **)&dpotrf = lapack("dpotrf", "void (char *, int *, " REAL ", int *, int *)");
    *(void **)&dpotrs = dpotrf ? lapack("dpotrs", "void (char *, int *, int *, " REAL ", int *, " REAL ", int *, int *)")
                               : NULL;
    if (!dpotrs)
        return -1;
    PyModule_AddIntConstant(module, "MOST_THREADS", MOST_THREADS);
    PyModule_AddIntConstant(module, "BLOCK", BLOCK);
    PyModule_AddIntConstant(module, "HAS_WIDE_VECTORS", has_wide_vectors());
    return PyErr_Occurred() ? -1 : 0;
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, (void *)start}, {0, NULL}};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_loops", "Innermost loops in C.", 0, METHODS, SLOTS,
                                    NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__loops(void) { return PyModuleDef_Init(&MODULE); }
