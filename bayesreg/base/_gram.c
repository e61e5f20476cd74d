/* The Gram matrix of tall columns, on processors with vectors of eight numbers: NumPy's and SciPy's BLAS use those of
   four there. `data/row_blocks.py` calls this, and has the same in NumPy: tests hold the two equal. */

#include "_loops.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#define HAS_WIDE 1
#else
#define HAS_WIDE 0
#endif

#if HAS_WIDE

#define ROWS 256 /* of a block; what a thread holds of it, and of the sums, stays in its cache */
#define HIGH 6   /* columns of a tile: 24 sums of vectors stay in registers */
#define WIDE 4
#define WIDTH 8
#define AHEAD 8 /* numbers of a line of the cache */

typedef double Vector __attribute__((vector_size(64), may_alias));

/* Add products of HIGH columns with WIDE columns to the sums of a tile, lane by lane; `is_first`: to 0. */
__attribute__((target("avx512f"))) static void tile(const double *a, const double *b, Vector *sums, int is_first)
{
    Vector part[HIGH][WIDE];
    for (int i = 0; i < HIGH; i++)
        for (int j = 0; j < WIDE; j++)
            part[i][j] = is_first ? (Vector){0.0} : sums[i * WIDE + j];
    for (Size k = 0; k < ROWS; k += WIDTH) {
        Vector right[WIDE];
#pragma GCC unroll 4
        for (int j = 0; j < WIDE; j++)
            right[j] = *(const Vector *)(b + j * ROWS + k);
#pragma GCC unroll 6
        for (int i = 0; i < HIGH; i++) {
            Vector left = *(const Vector *)(a + i * ROWS + k);
#pragma GCC unroll 4
            for (int j = 0; j < WIDE; j++)
                part[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < HIGH; i++)
        for (int j = 0; j < WIDE; j++)
            sums[i * WIDE + j] = part[i][j];
}

typedef struct {
    Size p, stride; /* columns; entries from one row of X to the next, or from one column */
    int by_rows;    /* whether the entries of a row lie side by side, else those of a column */
    const double *X, *y, *root, *shift; /* root is NULL for ones */
} Rows;

/* Write m rows of the columns, less their shifts. */
__attribute__((target("avx512f"))) static void write_columns(const Rows *of, Size first, Size m, double *room)
{
    Size p = of->p;
    if (of->by_rows) {
        Size whole = m / WIDTH * WIDTH;
        for (Size k = 0; k < whole; k += WIDTH)
            for (Size j = 0; j < p; j++)
                for (int l = 0; l < WIDTH; l++)
                    room[j * ROWS + k + l] = of->X[(first + k + l) * of->stride + j] - of->shift[j];
        for (Size k = whole; k < m; k++)
            for (Size j = 0; j < p; j++)
                room[j * ROWS + k] = of->X[(first + k) * of->stride + j] - of->shift[j];
        return;
    }
    for (Size j = 0; j < p; j++) {
        const double *column = of->X + j * of->stride + first;
        double *to = room + j * ROWS, less = of->shift[j];
        for (Size k = 0; k < m; k++)
            to[k] = column[k] - less;
    }
}

/* Write m rows of the columns, centred and weighted; then y and the roots of weights. Other rows are 0. */
__attribute__((target("avx512f"))) static void write_block(const Rows *of, Size first, Size m, double *room)
{
    Size p = of->p;
    write_columns(of, first, m, room);
    for (Size j = 0; of->root && j < p; j++)
        for (Size k = 0; k < m; k++)
            room[j * ROWS + k] *= of->root[first + k];
    for (Size k = 0; k < m; k++) {
        room[p * ROWS + k] = of->y[first + k];
        room[(p + 1) * ROWS + k] = of->root ? of->root[first + k] : 1.0;
    }
    for (Size j = 0; m < ROWS && j < p + 2; j++)
        memset(room + j * ROWS + m, 0, (size_t)(ROWS - m) * sizeof(double));
}

/* The number of sums in the tiles on and above the diagonal. */
static Size n_sums(Size q)
{
    Size count = 0;
    for (Size i = 0; i < q; i += HIGH)
        count += (q - i / WIDE * WIDE + WIDE - 1) / WIDE;
    return count * HIGH * WIDE;
}

__attribute__((target("avx512f"))) static void add_up(const Rows *of, Size first, Size last, double *room, Vector *sums,
                                                      double *out)
{
    Size p = of->p, q = p + 2;
    if (first >= last)
        memset(sums, 0, (size_t)n_sums(q) * sizeof(Vector));
    for (Size start = first; start < last; start += ROWS) {
        Size m = last - start < ROWS ? last - start : ROWS, next = start + ROWS, line = 0;
        Size lines = next + ROWS <= last && !of->by_rows ? ROWS / AHEAD : 0;
        Vector *of_tile = sums;
        write_block(of, start, m, room);
        for (Size i = 0; i < q; i += HIGH)
            for (Size j = i / WIDE * WIDE; j < q; j += WIDE, of_tile += HIGH * WIDE) {
                for (int k = 0; k < ROWS / AHEAD && line < lines * p; k++, line++) /* of the next block */
                    __builtin_prefetch(of->X + line / lines * of->stride + next + line % lines * AHEAD, 0, 2);
                tile(room + i * ROWS, room + j * ROWS, of_tile, start == first);
            }
    }
    for (Size i = 0; i < q; i += HIGH)
        for (Size j = i / WIDE * WIDE; j < q; j += WIDE, sums += HIGH * WIDE)
            for (Size a = i; a < i + HIGH && a < q; a++)
                for (Size b = j > a ? j : a; b < j + WIDE && b < q; b++) {
                    Vector lanes = sums[(a - i) * WIDE + b - j];
                    double total = 0.0;
                    for (int k = 0; k < WIDTH; k++)
                        total += lanes[k];
                    out[a * q + b] = out[b * q + a] = total;
                }
}

#endif

/* Products of p columns, y and roots of weights with each other, from one range of rows. Arguments: y (n), roots of
   weights (n), or empty for ones, shift (p); sums (p + 2, p + 2); X (n, p), of which rows or columns may be part of larger
   ones; the first row, the row after the last. Do not call it where there are no wide vectors. */
PyObject *py_tall_gram(PyObject *self, PyObject *args)
{
    Arrays arrays;
    (void)self;
    Py_buffer x;
    Size first = PyLong_AsSsize_t(PyTuple_GetItem(args, 5)), last = PyLong_AsSsize_t(PyTuple_GetItem(args, 6));
    if (PyErr_Occurred() || PyObject_GetBuffer(PyTuple_GetItem(args, 4), &x, PyBUF_STRIDED_RO) < 0)
        return NULL;
    if (!take(&arrays, args, 4, 3)) {
        PyBuffer_Release(&x);
        return NULL;
    }
#if HAS_WIDE
    int by_rows = x.strides[1] == (Size)sizeof(double);
    Size p = LENGTH(2), q = p + 2, padded = (q + HIGH + WIDE) * ROWS;
    size_t size = (size_t)padded * sizeof(double) + (size_t)n_sums(q) * sizeof(Vector) + 64;
    char *room = malloc(size);
    Rows of = {p, x.strides[by_rows ? 0 : 1] / (Size)sizeof(double), by_rows, x.buf, ARRAY(0),
               LENGTH(1) ? ARRAY(1) : NULL, ARRAY(2)};
    if (room == NULL) {
        PyBuffer_Release(&x);
        release(&arrays);
        return PyErr_NoMemory();
    }
    char *aligned = room + (64 - (uintptr_t)room % 64) % 64;
    memset((double *)aligned + q * ROWS, 0, (size_t)(padded - q * ROWS) * sizeof(double)); /* no columns */
    Py_BEGIN_ALLOW_THREADS
    add_up(&of, first, last, (double *)aligned, (Vector *)(aligned + (size_t)padded * sizeof(double)), ARRAY(3));
    Py_END_ALLOW_THREADS
    free(room);
#else
    (void)first, (void)last;
#endif
    PyBuffer_Release(&x);
    release(&arrays);
    return Py_NewRef(Py_None);
}

/* Tell whether compiler and processor have wide vectors. */
int has_wide_vectors(void)
{
#if HAS_WIDE
    return __builtin_cpu_supports("avx512f") != 0;
#else
    return 0;
#endif
}
