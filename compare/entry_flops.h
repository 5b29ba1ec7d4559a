/* Floating-point operations of an entry with an encoder, and the share of the matrix rate that it reached. */
#ifndef TWOFOLD_COMPARE_ENTRY_FLOPS_H
#define TWOFOLD_COMPARE_ENTRY_FLOPS_H

#include "compare/compare.h"

/* Fills predict_mflop, train_tflop, the shares and matrix_gflops from the formula of encoder/flops.h, the tokens of the rows, and the times that are in `costs`
 * already. matrix_rate: FLOP a second. What training a frozen entry took is not told apart from its passes for other entries, so it has no train_share. */
void entry_flops(EntryCosts *costs, const EntrySpec *spec, const EntryResult *result, const CompareInput *input, double matrix_rate);

#endif
