/* What the files of the extension share: vectors, and arrays as arguments. */

#ifndef BAYESREG_LOOPS_H
#define BAYESREG_LOOPS_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030C0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One build serves all x86-64 processors: the loader takes the version that the processor can run. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#if __GNUC__ >= 12
#define FOR_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOR_PROCESSOR __attribute__((target_clones("avx2", "default")))
#endif
#else
#define FOR_PROCESSOR
#endif

#define LANES 8

/* A file need not use all of these. */
#if defined(__GNUC__)
#define SHARED static __attribute__((unused))
#else
#define SHARED static
#endif

typedef Py_ssize_t Size;

/* ---- vectors ---- */

FOR_PROCESSOR
SHARED double dot(Size n, const double *a, const double *b)
{
    double part[LANES] = {0.0}, sum = 0.0;
    Size i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            part[lane] += a[i + lane] * b[i + lane];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (int lane = 0; lane < LANES; lane++)
        sum += part[lane];
    return sum;
}

FOR_PROCESSOR
SHARED void subtract(Size n, double *restrict from, const double *restrict row, double times)
{
    for (Size i = 0; i < n; i++)
        from[i] -= times * row[i];
}

SHARED double sign(double x) { return (double)((x > 0.0) - (x < 0.0)); }

/* ---- arguments ---- */

#define MOST_ARRAYS 13

typedef struct {
    int count;
    Py_buffer view[MOST_ARRAYS];
} Arrays;

SHARED void release(Arrays *arrays)
{
    while (arrays->count > 0)
        PyBuffer_Release(&arrays->view[--arrays->count]);
}

/* Take buffers from the first arguments; those from `first_written` on will be written. */
SHARED int take(Arrays *arrays, PyObject *args, int count, int first_written)
{
    arrays->count = 0;
    for (int i = 0; i < count; i++) {
        PyObject *array = PyTuple_GetItem(args, i);
        int flags = PyBUF_C_CONTIGUOUS | PyBUF_ND | (i >= first_written ? PyBUF_WRITABLE : 0);
        if (array == NULL || PyObject_GetBuffer(array, &arrays->view[i], flags) < 0) {
            release(arrays);
            return 0;
        }
        arrays->count++;
    }
    return 1;
}

#define ARRAY(i) (arrays.view[i].buf)
#define LENGTH(i) (arrays.view[i].len / (Size)sizeof(double))

/* ---- what other files add to the interface ---- */

PyObject *py_certify(PyObject *self, PyObject *args);
PyObject *py_stein_sums(PyObject *self, PyObject *args);
PyObject *py_support_step(PyObject *self, PyObject *args);
PyObject *py_tall_gram(PyObject *self, PyObject *args);
int has_wide_vectors(void);

#endif
