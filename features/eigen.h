/* Steps of a subspace iteration for the largest eigenvectors of a symmetric matrix. Vectors are the rows of v (m, n); whoever iterates multiplies
 * them with the matrix. All sums have one order. */
#ifndef TWOFOLD_FEATURES_EIGEN_H
#define TWOFOLD_FEATURES_EIGEN_H

#include <stddef.h>

enum { EIGEN_MOST = 64 }; /* vectors */

/* Rows made orthonormal, those before a row left as they are; a row that depends on those before it becomes zeros. */
void eigen_orthonormalise(double *v, int rows, size_t n);

/* Rotates orthonormal vectors, and their images under the matrix, to its eigenvectors as they see it, largest first (Rayleigh and Ritz). room: eigen_room
 * numbers. */
void eigen_ritz(double *v, double *image, double *values, int m, size_t n, double *room);
size_t eigen_room(int m, size_t n);

/* How far the first `wanted` are from being eigenvectors. */
double eigen_residual(const double *v, const double *image, const double *values, int wanted, size_t n);

#endif
