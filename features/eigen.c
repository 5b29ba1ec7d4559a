#include "features/eigen.h"

#include <math.h>
#include <string.h>

enum { SWEEPS_MOST = 60 };

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Twice: Gram and Schmidt lose digits in one pass. */
void eigen_orthonormalise(double *v, int rows, size_t n) {
    for (int r = 0; r < rows; r++) {
        double *row = v + (size_t)r * n, before = sqrt(dot(row, row, n));
        for (int pass = 0; pass < 2; pass++)
            for (int q = 0; q < r; q++) {
                double along = dot(row, v + (size_t)q * n, n);
                for (size_t i = 0; i < n; i++) row[i] -= along * v[(size_t)q * n + i];
            }
        double length = sqrt(dot(row, row, n)), scale = length > 1e-12 * before && length > 0 ? 1 / length : 0;
        for (size_t i = 0; i < n; i++) row[i] *= scale;
    }
}

/* Jacobi's rotations: a (m, m) becomes diagonal, the rows of `vectors` its eigenvectors. */
static void jacobi(double *a, double *vectors, int m) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) vectors[i * m + j] = i == j;
    for (int sweep = 0; sweep < SWEEPS_MOST; sweep++) {
        double off = 0, diagonal = 0;
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++) *(i == j ? &diagonal : &off) += a[i * m + j] * a[i * m + j];
        if (off <= 1e-30 * diagonal) return;
        for (int p = 0; p < m; p++)
            for (int q = p + 1; q < m; q++) {
                if (a[p * m + q] == 0) continue;
                double theta = (a[q * m + q] - a[p * m + p]) / (2 * a[p * m + q]);
                double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
                for (int i = 0; i < m; i++) { /* columns p and q, then rows */
                    double x = a[i * m + p], y = a[i * m + q];
                    a[i * m + p] = c * x - s * y;
                    a[i * m + q] = s * x + c * y;
                }
                for (int i = 0; i < m; i++) {
                    double x = a[p * m + i], y = a[q * m + i], v = vectors[p * m + i], w = vectors[q * m + i];
                    a[p * m + i] = c * x - s * y;
                    a[q * m + i] = s * x + c * y;
                    vectors[p * m + i] = c * v - s * w;
                    vectors[q * m + i] = s * v + c * w;
                }
            }
    }
}

size_t eigen_room(int m, size_t n) { return 2 * (size_t)m * (size_t)m + (size_t)m * n; }

void eigen_ritz(double *v, double *image, double *values, int m, size_t n, double *room) {
    double *small = room, *turn = small + (size_t)m * (size_t)m, *next = turn + (size_t)m * (size_t)m;
    size_t diagonal = (size_t)m + 1; /* from one element of it to the next */
    int order[EIGEN_MOST];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            small[i * m + j] =
                (dot(v + (size_t)i * n, image + (size_t)j * n, n) + dot(v + (size_t)j * n, image + (size_t)i * n, n)) / 2;
    jacobi(small, turn, m);
    for (int i = 0; i < m; i++) {
        int at = i;
        for (; at > 0 && small[(size_t)order[at - 1] * diagonal] < small[(size_t)i * diagonal]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < m; i++) values[i] = small[(size_t)order[i] * diagonal];
    for (int half = 0; half < 2; half++) {
        double *rows = half ? image : v;
        memset(next, 0, (size_t)m * n * sizeof *next);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++)
                for (size_t c = 0; c < n; c++) next[(size_t)i * n + c] += turn[order[i] * m + j] * rows[(size_t)j * n + c];
        memcpy(rows, next, (size_t)m * n * sizeof *next);
    }
}

double eigen_residual(const double *v, const double *image, const double *values, int wanted, size_t n) {
    double worst = 0;
    for (int i = 0; i < wanted; i++) {
        double sum = 0;
        for (size_t c = 0; c < n; c++) {
            double off = image[(size_t)i * n + c] - values[i] * v[(size_t)i * n + c];
            sum += off * off;
        }
        worst = fmax(worst, sqrt(sum));
    }
    return worst;
}
