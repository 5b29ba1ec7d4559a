/* The precision of the encoder's products. Sums, norms, softmax and everything that learns are float32 whatever it is. */
#ifndef TWOFOLD_ENCODER_DTYPE_H
#define TWOFOLD_ENCODER_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)

typedef enum Dtype {
    DTYPE_FLOAT32,
    DTYPE_BFLOAT16, /* weights and activations rounded to 8 bits of mantissa; AVX512-BF16 or AMX */
    DTYPE_INT8,     /* weights by output channel, activations by row; AVX512-VNNI; for inference */
    DTYPES,
    DTYPE_AUTO = DTYPES /* a wish: bfloat16 where the processor multiplies it natively, else float32; never int8 */
} Dtype;

const char *dtype_name(Dtype dtype); /* "float32", "bfloat16", "int8": as users write them */
Dtype dtype_find(const char *name);  /* DTYPES for another name */

#pragma GCC visibility pop

/* The upper half of a float. */
typedef uint16_t Bfloat16;

#endif
