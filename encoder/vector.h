/* Sixteen floats, three ways: AVX-512, AVX2 with FMA, and plain C. Only kernels.c includes this, once for each instruction set. Lanes and the
 * order in which they are summed are the same everywhere; what differs is whether a·b + c is rounded once or twice. */
#ifndef TWOFOLD_ENCODER_VECTOR_H
#define TWOFOLD_ENCODER_VECTOR_H

#include <stdint.h>
#include <string.h>

enum { LANES = 16 };

#if defined(__AVX512F__) && defined(__AVX512DQ__)
    #include <immintrin.h>

typedef __m512 Vec;

static inline Vec v_set(float x) { return _mm512_set1_ps(x); }
static inline Vec v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, Vec v) { _mm512_storeu_ps(p, v); }
static inline __mmask16 v_mask(int count) { return (__mmask16)((1u << count) - 1u); }
/* The first `count` (1…15) lanes; the others read as 0 and are not written. */
static inline Vec v_load_part(const float *p, int count) { return _mm512_maskz_loadu_ps(v_mask(count), p); }
static inline void v_store_part(float *p, Vec v, int count) { _mm512_mask_storeu_ps(p, v_mask(count), v); }
/* Lanes from `count` on become x. */
static inline Vec v_fill_from(Vec v, int count, float x) { return _mm512_mask_mov_ps(v_set(x), v_mask(count), v); }
static inline Vec v_add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
static inline Vec v_sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
static inline Vec v_mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
static inline Vec v_div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
static inline Vec v_max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
static inline Vec v_fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline Vec v_fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
static inline Vec v_abs(Vec a) { return _mm512_abs_ps(a); }
static inline Vec v_round(Vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/* a · 2^n for whole n that keep the result normal */
static inline Vec v_scale(Vec a, Vec n) {
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_slli_epi32(_mm512_cvtps_epi32(n), 23)));
}
static inline Vec v_if_negative(Vec condition, Vec yes, Vec no) {
    return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(condition, _mm512_setzero_ps(), _CMP_LT_OQ), yes);
}
static inline Vec v_if_above(Vec a, Vec limit, Vec yes, Vec no) {
    return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(a, limit, _CMP_GT_OQ), yes);
}
/* scale where the random word is at least the threshold, else 0 */
static inline Vec v_keep(const uint32_t *words, uint32_t threshold, Vec scale) {
    __mmask16 kept = _mm512_cmpge_epu32_mask(_mm512_loadu_si512(words), _mm512_set1_epi32((int)threshold));
    return _mm512_maskz_mov_ps(kept, scale);
}

/* rows[i][j] becomes rows[j][i]: pairs, then quadruples within 128 bits, then the 128-bit blocks themselves. */
static inline void v_transpose(Vec rows[LANES]) {
    Vec t[LANES];
    for (int i = 0; i < LANES; i += 2) {
        t[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        rows[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
        rows[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
        rows[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
        rows[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
    }
    for (int i = 0; i < 4; i++) {
        Vec a = _mm512_shuffle_f32x4(rows[i], rows[i + 4], 0x88), b = _mm512_shuffle_f32x4(rows[i], rows[i + 4], 0xDD);
        Vec c = _mm512_shuffle_f32x4(rows[i + 8], rows[i + 12], 0x88), d = _mm512_shuffle_f32x4(rows[i + 8], rows[i + 12], 0xDD);
        t[i] = _mm512_shuffle_f32x4(a, c, 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
        t[i + 8] = _mm512_shuffle_f32x4(a, c, 0xDD);
        t[i + 12] = _mm512_shuffle_f32x4(b, d, 0xDD);
    }
    memcpy(rows, t, sizeof t);
}

#elif defined(__AVX2__) && defined(__FMA__)
    #include <immintrin.h>

typedef struct Vec {
    __m256 low, high;
} Vec;

static inline Vec v_pair(__m256 low, __m256 high) { return (Vec){low, high}; }
static inline Vec v_set(float x) { return v_pair(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
static inline Vec v_load(const float *p) { return v_pair(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
static inline void v_store(float *p, Vec v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
}
static inline Vec v_load_part(const float *p, int count) {
    float lanes[LANES] = {0};
    memcpy(lanes, p, (size_t)count * sizeof *p);
    return v_load(lanes);
}
static inline void v_store_part(float *p, Vec v, int count) {
    float lanes[LANES];
    v_store(lanes, v);
    memcpy(p, lanes, (size_t)count * sizeof *p);
}
static inline Vec v_fill_from(Vec v, int count, float x) {
    float lanes[LANES];
    v_store(lanes, v);
    for (int i = count; i < LANES; i++) lanes[i] = x;
    return v_load(lanes);
}
static inline Vec v_add(Vec a, Vec b) { return v_pair(_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)); }
static inline Vec v_sub(Vec a, Vec b) { return v_pair(_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)); }
static inline Vec v_mul(Vec a, Vec b) { return v_pair(_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)); }
static inline Vec v_div(Vec a, Vec b) { return v_pair(_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)); }
static inline Vec v_max(Vec a, Vec b) { return v_pair(_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)); }
static inline Vec v_fma(Vec a, Vec b, Vec c) {
    return v_pair(_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high));
}
static inline Vec v_fnma(Vec a, Vec b, Vec c) {
    return v_pair(_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high));
}
static inline Vec v_abs(Vec a) {
    __m256 sign = _mm256_set1_ps(-0.0f);
    return v_pair(_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high));
}
static inline Vec v_round(Vec a) {
    return v_pair(_mm256_round_ps(a.low, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                  _mm256_round_ps(a.high, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
static inline __m256 v_scale_half(__m256 a, __m256 n) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
}
static inline Vec v_scale(Vec a, Vec n) { return v_pair(v_scale_half(a.low, n.low), v_scale_half(a.high, n.high)); }
static inline Vec v_if_above(Vec a, Vec limit, Vec yes, Vec no) {
    return v_pair(_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, limit.low, _CMP_GT_OQ)),
                  _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, limit.high, _CMP_GT_OQ)));
}
static inline Vec v_if_negative(Vec condition, Vec yes, Vec no) { return v_if_above(v_set(0), condition, yes, no); }
static inline Vec v_keep(const uint32_t *words, uint32_t threshold, Vec scale) {
    float lanes[LANES], kept[LANES];
    v_store(kept, scale);
    for (int i = 0; i < LANES; i++) lanes[i] = words[i] >= threshold ? kept[i] : 0.0f;
    return v_load(lanes);
}

#else
    #include <math.h>

typedef struct Vec {
    float lane[LANES];
} Vec;

    #define V_EACH(expression) \
        Vec r; \
        for (int i = 0; i < LANES; i++) r.lane[i] = (expression); \
        return r

static inline Vec v_set(float x) { V_EACH(x); }
static inline Vec v_load(const float *p) { V_EACH(p[i]); }
static inline void v_store(float *p, Vec v) { memcpy(p, v.lane, sizeof v.lane); }
static inline Vec v_load_part(const float *p, int count) { V_EACH(i < count ? p[i] : 0.0f); }
static inline void v_store_part(float *p, Vec v, int count) { memcpy(p, v.lane, (size_t)count * sizeof *p); }
static inline Vec v_fill_from(Vec v, int count, float x) { V_EACH(i < count ? v.lane[i] : x); }
static inline Vec v_add(Vec a, Vec b) { V_EACH(a.lane[i] + b.lane[i]); }
static inline Vec v_sub(Vec a, Vec b) { V_EACH(a.lane[i] - b.lane[i]); }
static inline Vec v_mul(Vec a, Vec b) { V_EACH(a.lane[i] * b.lane[i]); }
static inline Vec v_div(Vec a, Vec b) { V_EACH(a.lane[i] / b.lane[i]); }
static inline Vec v_max(Vec a, Vec b) { V_EACH(a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
static inline Vec v_fma(Vec a, Vec b, Vec c) { V_EACH(a.lane[i] * b.lane[i] + c.lane[i]); }
static inline Vec v_fnma(Vec a, Vec b, Vec c) { V_EACH(c.lane[i] - a.lane[i] * b.lane[i]); }
static inline Vec v_abs(Vec a) { V_EACH(fabsf(a.lane[i])); }
static inline Vec v_round(Vec a) { V_EACH(rintf(a.lane[i])); }
static inline Vec v_scale(Vec a, Vec n) { V_EACH(ldexpf(a.lane[i], (int)n.lane[i])); }
static inline Vec v_if_above(Vec a, Vec limit, Vec yes, Vec no) { V_EACH(a.lane[i] > limit.lane[i] ? yes.lane[i] : no.lane[i]); }
static inline Vec v_if_negative(Vec condition, Vec yes, Vec no) { V_EACH(condition.lane[i] < 0 ? yes.lane[i] : no.lane[i]); }
static inline Vec v_keep(const uint32_t *words, uint32_t threshold, Vec scale) {
    V_EACH(words[i] >= threshold ? scale.lane[i] : 0.0f);
}
#endif

/* Loads and stores of `count` ≥ 1 floats, all sixteen lanes when there are as many. */
static inline Vec v_load_upto(const float *p, int count) { return count >= LANES ? v_load(p) : v_load_part(p, count); }
static inline void v_store_upto(float *p, Vec v, int count) {
    if (count >= LANES)
        v_store(p, v);
    else
        v_store_part(p, v, count);
}

#if !(defined(__AVX512F__) && defined(__AVX512DQ__))
static inline void v_transpose(Vec rows[LANES]) {
    float from[LANES][LANES], to[LANES][LANES];
    for (int i = 0; i < LANES; i++) v_store(from[i], rows[i]);
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++) to[j][i] = from[i][j];
    for (int i = 0; i < LANES; i++) rows[i] = v_load(to[i]);
}
#endif

/* Lanes folded by halves: (0+8, 1+9, …), then quarters: the same order on every machine. */
#if defined(__AVX512F__) && defined(__AVX512DQ__)
static inline float v_sum(Vec v) {
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
#else
static inline float v_sum(Vec v) {
    float lane[LANES];
    v_store(lane, v);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
}
#endif

/* e^x for x ≤ 88; below -87 it is taken at -87 (1.6e-38), so nothing becomes denormal. Cody and Waite's reduction and the Taylor
 * polynomial of degree 6 on |r| ≤ ln 2 / 2, of which the first term left out is 1.2e-7 / 1.4 relative. */
static inline Vec v_exp(Vec x) {
    x = v_max(x, v_set(-87.0f));
    Vec n = v_round(v_mul(x, v_set(1.44269504f)));
    Vec r = v_fnma(n, v_set(0.693145752f), x);
    r = v_fnma(n, v_set(1.42860677e-6f), r);
    Vec p = v_set(1.0f / 720);
    p = v_fma(p, r, v_set(1.0f / 120));
    p = v_fma(p, r, v_set(1.0f / 24));
    p = v_fma(p, r, v_set(1.0f / 6));
    p = v_fma(p, r, v_set(0.5f));
    p = v_fma(p, r, v_set(1.0f));
    p = v_fma(p, r, v_set(1.0f));
    return v_scale(p, n);
}

#endif
