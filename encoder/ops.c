#include "encoder/ops.h"

#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "encoder/kernels.h"
#include "encoder/kernels_low.h"
#include "encoder/ops_dnnl.h"
#include "encoder/quantize.h"

enum {
    MANY_ROWS = 2048, /* the row count whose layout the weights are packed in */
    TILE = 64,        /* rows of a product where bits would depend on their number */
    COLUMN_BLOCK = 64 /* columns that packed weights keep together */
};

struct Ops {
    dnnl_engine_t engine;
    int vector_bits;
    const Kernels *kernels;
    const LowKernels *low;
};

struct Packed {
    int K, N;
    Element element;          /* of the packed weights */
    Layout plain;             /* how the caller's weights lie, or for int8 their quantised copy */
    dnnl_memory_t memory;     /* packed */
    dnnl_primitive_t reorder; /* where `pack` is NULL */
    PackPanels pack;          /* where the layout is panels */
    bool tiled;               /* this shape's implementation needs fixed row tiles */
    int column_step;          /* packed columns stand in blocks of this many, one behind the other; N when they do not */
    int stride_k, stride_n;   /* int8: of the caller's weights */
    float *scales;            /* int8 */
    int32_t *sums;            /* int8 */
};

/* What a primitive is made for. */
typedef struct Shape {
    int m, N, K, ldy, ldx;
    Element w, y;
    bool outer; /* dyᵀ x instead of x w */
    bool bias, add;
} Shape;

typedef struct Entry {
    Shape shape;
    dnnl_primitive_t primitive;
    dnnl_memory_t x, w, bias, y;
} Entry;

struct OpsRunner {
    const Ops *ops;
    ProfileLane *lane;
    dnnl_stream_t stream;
    Entry *entries; /* open addressing; capacity is a power of two */
    size_t count, capacity;
    dnnl_memory_t scratch; /* one for all primitives, as large as the largest asked for */
    void *scratch_block;
    size_t scratch_bytes;
    unsigned char *tile; /* rows padded to TILE: x behind y */
    size_t tile_bytes;
};

static bool check(dnnl_status_t status, const char *what, Error *err) {
    if (status == dnnl_success) return true;
    const char *why = status == dnnl_out_of_memory   ? "out of memory"
                      : status == dnnl_unimplemented ? "not implemented"
                                                     : "refused";
    return FAIL(err, ERROR_FAILED, "oneDNN: %s: %s (status %d)", what, why, (int)status);
}

/* ---- engine ---- */

Ops *ops_new(Error *err) {
    Ops *ops = mem_new(1, sizeof *ops, err);
    if (!ops) return NULL;
    if (!check(dnnl_engine_create(&ops->engine, dnnl_cpu, 0), "starting the engine", err)) {
        ops_free(ops);
        return NULL;
    }
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    bool wide = (isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core,
         middle = (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2;
    ops->vector_bits = wide ? 512 : middle ? 256 : 128;
    ops->kernels = kernels_choose(ops->vector_bits);
    ops->low = ops_supports(DTYPE_BFLOAT16) ? low_kernels_choose(true) : NULL;
    return ops;
}

void ops_free(Ops *ops) {
    if (!ops) return;
    if (ops->engine) dnnl_engine_destroy(ops->engine);
    mem_free(ops);
}

int ops_vector_bits(const Ops *ops) { return ops->vector_bits; }

bool ops_supports(Dtype dtype) {
    unsigned have = (unsigned)dnnl_get_effective_cpu_isa();
    unsigned needed = dtype == DTYPE_BFLOAT16 ? dnnl_cpu_isa_avx512_core_bf16
                      : dtype == DTYPE_INT8   ? dnnl_cpu_isa_avx512_core_vnni
                                              : 0;
    return (have & needed) == needed;
}

const char *ops_instruction_set(const Ops *ops) {
    (void)ops;
    static const struct {
        unsigned isa;
        const char *name;
    } SETS[] = {{dnnl_cpu_isa_avx512_core_amx, "AMX"},
                {dnnl_cpu_isa_avx512_core_bf16, "AVX512-BF16"},
                {dnnl_cpu_isa_avx512_core_vnni, "AVX512-VNNI"},
                {dnnl_cpu_isa_avx512_core, "AVX-512"},
                {dnnl_cpu_isa_avx2, "AVX2"}};
    unsigned have = (unsigned)dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++)
        if ((have & SETS[i].isa) == SETS[i].isa) return SETS[i].name;
    return "SSE4.1";
}

const char *ops_library(char out[32]) {
    const dnnl_version_t *version = dnnl_version();
    (void)snprintf(out, 32, "%d.%d.%d", version->major, version->minor, version->patch);
    return out;
}

/* ---- descriptions ---- */

static dnnl_data_type_t type_of(Element element) {
    static const dnnl_data_type_t TYPES[] = {[ELEMENT_FLOAT32] = dnnl_f32,
                                             [ELEMENT_BFLOAT16] = dnnl_bf16,
                                             [ELEMENT_UINT8] = dnnl_u8,
                                             [ELEMENT_INT8] = dnnl_s8,
                                             [ELEMENT_INT32] = dnnl_s32};
    return TYPES[element];
}

size_t element_bytes(Element element) { return dnnl_data_type_size(type_of(element)); }

/* What the weights are multiplied with. */
static Element input_of(Element weights) { return weights == ELEMENT_INT8 ? ELEMENT_UINT8 : weights; }

static bool describe(Layout *layout, Element element, int rows, int columns, int row_stride, int column_stride, Error *err) {
    return check(layout_strided(layout, type_of(element), rows, columns, row_stride, column_stride), "describing a matrix", err);
}

/* Products ask for scratch memory instead of keeping their own, so that a primitive may run on any thread; `add` keeps y. */
static bool make_attributes(dnnl_primitive_attr_t *attributes, bool add, Error *err) {
    dnnl_post_ops_t post_ops = NULL;
    bool good =
        check(dnnl_primitive_attr_create(attributes), "creating attributes", err) &&
        check(dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user), "setting the scratchpad", err);
    if (good && add)
        good = check(dnnl_post_ops_create(&post_ops), "creating post-ops", err) &&
               check(append_sum(post_ops), "adding to the result", err) &&
               check(dnnl_primitive_attr_set_post_ops(*attributes, post_ops), "setting post-ops", err);
    if (post_ops) dnnl_post_ops_destroy(post_ops);
    return good;
}

static bool describe_product(dnnl_primitive_desc_t *product, const Ops *ops, const Layout *x, const Layout *w, const Layout *bias,
                             const Layout *y, bool add, Error *err) {
    dnnl_primitive_attr_t attributes = NULL;
    bool good =
        make_attributes(&attributes, add, err) && check(plan_product(product, ops->engine, layout_view(x), layout_view(w),
                                                                     bias ? layout_view(bias) : NULL, layout_view(y), attributes),
                                                        "planning a product", err);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return good;
}

static bool keeps_bits(const_dnnl_primitive_desc_t product) {
    const char *name = "";
    return dnnl_primitive_desc_query(product, dnnl_query_impl_info_str, 0, (void *)&name) == dnnl_success &&
           strncmp(name, "brg", 3) == 0; /* "brg:avx512_core", in oneDNN 3 "brg_matmul:avx512_core" */
}

/* ---- packed weights ---- */

/* The layout oneDNN chooses for W (K, N) when there are many rows. */
static bool choose_layout(Layout *layout, Packed *packed, const Ops *ops, Error *err) {
    int K = packed->K, N = packed->N;
    Element result = packed->element == ELEMENT_INT8 ? ELEMENT_INT32 : ELEMENT_FLOAT32;
    Layout x = {0}, w = {0}, y = {0};
    dnnl_dims_t dims = {K, N};
    dnnl_primitive_desc_t product = NULL;
    bool good =
        describe(&x, input_of(packed->element), MANY_ROWS, K, K, 1, err) && describe(&y, result, MANY_ROWS, N, N, 1, err) &&
        check(layout_tagged(&w, type_of(packed->element), 2, dims, dnnl_format_tag_any), "describing weights", err) &&
        describe_product(&product, ops, &x, &w, NULL, &y, false, err) &&
        check(layout_copy(layout, dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0)), "choosing a layout", err);
    if (good)
        packed->tiled = !keeps_bits(product) && packed->element != ELEMENT_INT8; /* integers add up to the same in any order */
    if (product) dnnl_primitive_desc_destroy(product);
    layout_free(&x);
    layout_free(&w);
    layout_free(&y);
    return good;
}

/* The layout of the first `columns` columns within that of all. */
static bool first_columns(Layout *part, LayoutView layout, int K, int columns) {
    dnnl_dims_t dims = {K, columns}, none = {0, 0};
    return layout_part(part, layout, dims, none) == dnnl_success;
}

static size_t column_bytes(const Packed *packed, int columns) {
    return (size_t)packed->K * (size_t)columns * element_bytes(packed->element);
}

/* The columns can be cut where a block of them ends if the blocks lie one behind the other: then the first few take just their share. */
static int choose_column_step(const Packed *packed, LayoutView layout) {
    bool cuts = !packed->tiled && packed->N % COLUMN_BLOCK == 0 && packed->N > COLUMN_BLOCK;
    for (int n = COLUMN_BLOCK; cuts && n < packed->N; n += COLUMN_BLOCK) {
        Layout part = {0};
        cuts = first_columns(&part, layout, packed->K, n) &&
               dnnl_memory_desc_get_size(layout_view(&part)) == column_bytes(packed, n);
        layout_free(&part);
    }
    return cuts ? COLUMN_BLOCK : packed->N;
}

/* Which of our own packs the weights: oneDNN's way into its panels takes three times as long. NULL where the layout is another. */
static PackPanels choose_pack(const Packed *packed, const Ops *ops, LayoutView layout) {
    int pair = packed->element == ELEMENT_BFLOAT16 ? 2 : 1;
    if (packed->element == ELEMENT_INT8 || packed->K % PANEL_ROWS || packed->N % PANEL) return NULL;
    if (packed->stride_k != 1 && packed->stride_n != 1) return NULL;
    if (!layout_is_panels(layout, packed->K, PANEL, pair)) return NULL;
    return pair == 1 ? ops->kernels->pack : ops->low ? ops->low->pack : NULL;
}

/* place: of K · N elements; one that is too small is not used. */
static bool place_packed(Packed *packed, const Ops *ops, LayoutView layout, void *place, Error *err) {
    bool fits = place && dnnl_memory_desc_get_size(layout) <= column_bytes(packed, packed->N);
    return check(dnnl_memory_create(&packed->memory, layout, ops->engine, fits ? place : DNNL_MEMORY_ALLOCATE), "packing weights",
                 err);
}

static bool make_reorder(Packed *packed, const Ops *ops, LayoutView layout, Error *err) {
    dnnl_primitive_desc_t reorder = NULL;
    bool good =
        check(dnnl_reorder_primitive_desc_create(&reorder, layout_view(&packed->plain), ops->engine, layout, ops->engine, NULL),
              "planning to pack weights", err) &&
        check(dnnl_primitive_create(&packed->reorder, reorder), "preparing to pack weights", err);
    if (reorder) dnnl_primitive_desc_destroy(reorder);
    return good;
}

static bool prepare_packing(Packed *packed, const Ops *ops, void *place, Error *err) {
    Layout layout = {0};
    bool quantised = packed->element == ELEMENT_INT8;
    bool good =
        (quantised ? describe(&packed->plain, ELEMENT_INT8, packed->K, packed->N, packed->N, 1, err)
                   : describe(&packed->plain, ELEMENT_FLOAT32, packed->K, packed->N, packed->stride_k, packed->stride_n, err)) &&
        choose_layout(&layout, packed, ops, err) && place_packed(packed, ops, layout_view(&layout), place, err);
    if (good) packed->pack = choose_pack(packed, ops, layout_view(&layout));
    good = good && (packed->pack || make_reorder(packed, ops, layout_view(&layout), err));
    if (good) packed->column_step = choose_column_step(packed, layout_view(&layout));
    layout_free(&layout);
    if (good && quantised) {
        packed->scales = mem_new((size_t)packed->N, sizeof *packed->scales, err);
        packed->sums = mem_new((size_t)packed->N, sizeof *packed->sums, err);
        good = packed->scales && packed->sums;
    }
    return good;
}

Packed *ops_pack(const Ops *ops, Dtype dtype, const float *weight, int K, int N, int stride_k, int stride_n, Error *err) {
    return ops_pack_into(NULL, ops, dtype, (PartedWeight){{weight}, 1}, K, N, stride_k, stride_n, err);
}

Packed *ops_pack_into(void *place, const Ops *ops, Dtype dtype, PartedWeight weight, int K, int N, int stride_k, int stride_n,
                      Error *err) {
    static const Element ELEMENTS[DTYPES] = {
        [DTYPE_FLOAT32] = ELEMENT_FLOAT32, [DTYPE_BFLOAT16] = ELEMENT_BFLOAT16, [DTYPE_INT8] = ELEMENT_INT8};
    Packed *packed = mem_new(1, sizeof *packed, err);
    if (!packed) return NULL;
    packed->K = K;
    packed->N = N;
    packed->stride_k = stride_k;
    packed->stride_n = stride_n;
    packed->element = ELEMENTS[dtype];
    if (prepare_packing(packed, ops, place, err) && ops_repack(ops, packed, weight, err)) return packed;
    packed_free(packed);
    return NULL;
}

static bool reorder_from(const Ops *ops, Packed *packed, const void *weight, Error *err) {
    dnnl_memory_t from = NULL;
    dnnl_stream_t stream = NULL;
    /* oneDNN's handles are not const; a reorder only reads its source. */
    bool good = check(dnnl_memory_create(&from, layout_view(&packed->plain), ops->engine, (void *)(uintptr_t)weight),
                      "reading weights", err) &&
                check(dnnl_stream_create(&stream, ops->engine, dnnl_stream_default_flags), "starting a stream", err);
    if (good) {
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, packed->memory}};
        good = check(dnnl_primitive_execute(packed->reorder, stream, 2, arguments), "packing weights", err) &&
               check(dnnl_stream_wait(stream), "packing weights", err);
    }
    if (stream) dnnl_stream_destroy(stream);
    if (from) dnnl_memory_destroy(from);
    return good;
}

/* Rows of the Linear's weight are columns of W where it is packed for the forward pass, rows of it for the backward. */
void ops_repack_rows(const Packed *packed, const float *from, int row, int rows) {
    bool transposed = packed->stride_k == 1;
    PanelPart part = {from, transposed ? packed->stride_n : packed->stride_k, transposed, packed->K, 0, packed->K, 0, packed->N};
    *(transposed ? &part.n : &part.k) = row;
    *(transposed ? &part.n_end : &part.k_end) = row + rows;
    void *to = NULL;
    (void)dnnl_memory_get_data_handle(packed->memory, &to);
    packed->pack(to, &part);
}

bool packed_takes_rows(const Packed *packed, int parts) {
    int out = packed->stride_k == 1 ? packed->N : packed->K;
    return packed->pack && out % (parts * PANEL) == 0;
}

static bool repack_whole(const Ops *ops, Packed *packed, const float *weight, Error *err) {
    if (packed->pack) {
        ops_repack_rows(packed, weight, 0, packed->stride_k == 1 ? packed->N : packed->K);
        return true;
    }
    if (packed->element != ELEMENT_INT8) return reorder_from(ops, packed, weight, err);
    int8_t *quantised = mem_new((size_t)packed->K * (size_t)packed->N, sizeof *quantised, err);
    if (!quantised) return false;
    quantize_columns(quantised, packed->scales, packed->sums, weight, packed->K, packed->N, packed->stride_k, packed->stride_n);
    bool good = reorder_from(ops, packed, quantised, err);
    mem_free(quantised);
    return good;
}

bool ops_repack(const Ops *ops, Packed *packed, PartedWeight weight, Error *err) {
    if (packed_takes_rows(packed, weight.parts)) {
        int rows = (packed->stride_k == 1 ? packed->N : packed->K) / weight.parts;
        for (int i = 0; i < weight.parts; i++) ops_repack_rows(packed, weight.part[i], i * rows, rows);
        return true;
    }
    if (weight.parts == 1) return repack_whole(ops, packed, weight.part[0], err);
    size_t share = (size_t)packed->K * (size_t)packed->N / (size_t)weight.parts;
    float *whole = mem_new(share * (size_t)weight.parts, sizeof *whole, err);
    for (int i = 0; whole && i < weight.parts; i++) memcpy(whole + (size_t)i * share, weight.part[i], share * sizeof *whole);
    bool good = whole && repack_whole(ops, packed, whole, err);
    mem_free(whole);
    return good;
}

void packed_free(Packed *packed) {
    if (!packed) return;
    if (packed->reorder) dnnl_primitive_destroy(packed->reorder);
    if (packed->memory) dnnl_memory_destroy(packed->memory);
    layout_free(&packed->plain);
    mem_free(packed->scales);
    mem_free(packed->sums);
    mem_free(packed);
}

const float *packed_scales(const Packed *packed) { return packed->scales; }
const int32_t *packed_sums(const Packed *packed) { return packed->sums; }
int packed_column_step(const Packed *packed) { return packed->column_step; }

static LayoutView packed_layout(const Packed *packed) {
    LayoutView layout = NULL;
    (void)dnnl_memory_get_memory_desc(packed->memory, &layout);
    return layout;
}

size_t packed_bytes(const Packed *packed) { return dnnl_memory_desc_get_size(packed_layout(packed)); }

/* ---- runner: primitives made when first met, and kept ---- */

void ops_runner_set_lane(OpsRunner *runner, ProfileLane *lane) { runner->lane = lane; }

OpsRunner *ops_runner_new(const Ops *ops, Error *err) {
    OpsRunner *runner = mem_new(1, sizeof *runner, err);
    if (!runner) return NULL;
    runner->ops = ops;
    runner->capacity = 256;
    runner->entries = mem_new(runner->capacity, sizeof *runner->entries, err);
    if (runner->entries &&
        check(dnnl_stream_create(&runner->stream, ops->engine, dnnl_stream_default_flags), "starting a stream", err))
        return runner;
    ops_runner_free(runner);
    return NULL;
}

static void entry_free(Entry *entry) {
    dnnl_memory_t memories[] = {entry->x, entry->w, entry->bias, entry->y};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    if (entry->primitive) dnnl_primitive_destroy(entry->primitive);
}

void ops_runner_free(OpsRunner *runner) {
    if (!runner) return;
    for (size_t i = 0; runner->entries && i < runner->capacity; i++) entry_free(&runner->entries[i]);
    if (runner->scratch) dnnl_memory_destroy(runner->scratch);
    if (runner->stream) dnnl_stream_destroy(runner->stream);
    mem_free(runner->scratch_block);
    mem_free(runner->tile);
    mem_free(runner->entries);
    mem_free(runner);
}

static bool same_shape(const Shape *a, const Shape *b) {
    return a->m == b->m && a->N == b->N && a->K == b->K && a->ldy == b->ldy && a->ldx == b->ldx && a->w == b->w && a->y == b->y &&
           a->outer == b->outer && a->bias == b->bias && a->add == b->add;
}

/* The entry of the shape, or the empty one where it belongs. */
static Entry *find_entry(const OpsRunner *runner, const Shape *shape) {
    uint64_t hash = 1469598103934665603u;
    const int parts[] = {shape->m,
                         shape->N,
                         shape->K,
                         shape->ldy,
                         shape->ldx,
                         shape->outer * 4 + shape->bias * 2 + shape->add,
                         (int)shape->w * 8 + (int)shape->y};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) hash = (hash ^ (uint64_t)parts[i]) * 1099511628211u;
    for (size_t at = (size_t)(hash >> 20) & (runner->capacity - 1);; at = (at + 1) & (runner->capacity - 1)) {
        Entry *entry = &runner->entries[at];
        if (!entry->primitive || same_shape(&entry->shape, shape)) return entry;
    }
}

static bool grow_entries(OpsRunner *runner, Error *err) {
    OpsRunner larger = *runner;
    larger.capacity *= 2;
    larger.entries = mem_new(larger.capacity, sizeof *larger.entries, err);
    if (!larger.entries) return false;
    for (size_t i = 0; i < runner->capacity; i++)
        if (runner->entries[i].primitive) *find_entry(&larger, &runner->entries[i].shape) = runner->entries[i];
    mem_free(runner->entries);
    runner->entries = larger.entries;
    runner->capacity = larger.capacity;
    return true;
}

static bool reserve_scratch(OpsRunner *runner, const_dnnl_primitive_desc_t product, Error *err) {
    LayoutView desc = dnnl_primitive_desc_query_md(product, dnnl_query_scratchpad_md, 0);
    size_t bytes = desc ? dnnl_memory_desc_get_size(desc) : 0;
    if (bytes <= runner->scratch_bytes && runner->scratch) return true;
    void *block = mem_new(bytes, 1, err);
    if (!block) return false;
    if (runner->scratch) dnnl_memory_destroy(runner->scratch);
    mem_free(runner->scratch_block);
    runner->scratch = NULL;
    runner->scratch_block = block;
    runner->scratch_bytes = bytes;
    Layout whole = {0};
    dnnl_dims_t dims = {(dnnl_dim_t)bytes};
    bool good = check(layout_tagged(&whole, dnnl_u8, 1, dims, dnnl_a), "describing scratch memory", err) &&
                check(dnnl_memory_create(&runner->scratch, layout_view(&whole), runner->ops->engine, block),
                      "reserving scratch memory", err);
    layout_free(&whole);
    return good;
}

/* A matrix whose address is given at each run. */
static bool make_handle(dnnl_memory_t *memory, const Layout *layout, const Ops *ops, Error *err) {
    return check(dnnl_memory_create(memory, layout_view(layout), ops->engine, NULL), "naming a matrix", err);
}

/* The layout of the weights for N of their columns. */
static bool weights_layout(Layout *layout, const Packed *packed, int N, Error *err) {
    if (N == packed->N) return check(layout_copy(layout, packed_layout(packed)), "describing weights", err);
    return first_columns(layout, packed_layout(packed), packed->K, N) ||
           FAIL(err, ERROR_FAILED, "oneDNN: cannot take %d of %d columns", N, packed->N);
}

static bool fill_entry(Entry *entry, OpsRunner *runner, const Shape *s, const Packed *packed, Error *err) {
    const Ops *ops = runner->ops;
    Element input = input_of(s->w);
    Layout x = {0}, w = {0}, bias = {0}, y = {0};
    dnnl_primitive_desc_t product = NULL;
    bool good = s->outer ? describe(&x, input, s->m, s->K, 1, s->ldx, err) && describe(&w, s->w, s->K, s->N, s->ldy, 1, err)
                         : describe(&x, input, s->m, s->K, s->ldx, 1, err) && weights_layout(&w, packed, s->N, err);
    good = good && describe(&bias, ELEMENT_FLOAT32, 1, s->N, s->N, 1, err) &&
           describe(&y, s->y, s->m, s->N, s->outer ? s->N : s->ldy, 1, err) &&
           describe_product(&product, ops, &x, &w, s->bias ? &bias : NULL, &y, s->add, err) &&
           reserve_scratch(runner, product, err) && make_handle(&entry->x, &x, ops, err) &&
           make_handle(&entry->w, &w, ops, err) && make_handle(&entry->y, &y, ops, err) &&
           (!s->bias || make_handle(&entry->bias, &bias, ops, err)) &&
           check(dnnl_primitive_create(&entry->primitive, product), "preparing a product", err);
    if (product) dnnl_primitive_desc_destroy(product);
    layout_free(&x);
    layout_free(&w);
    layout_free(&bias);
    layout_free(&y);
    entry->shape = *s;
    return good;
}

/* The primitive for a shape; `packed`: the weights, NULL for an outer product. */
static Entry *get_entry(OpsRunner *runner, const Shape *shape, const Packed *packed, Error *err) {
    Entry *found = find_entry(runner, shape);
    if (found->primitive) return found;
    if (runner->count * 2 >= runner->capacity) {
        if (!grow_entries(runner, err)) return NULL;
        found = find_entry(runner, shape);
    }
    Entry made = {0};
    ProfilePart before = profile_enter(runner->lane, PROFILE_PREPARE);
    bool filled = fill_entry(&made, runner, shape, packed, err);
    (void)profile_enter(runner->lane, before);
    if (!filled) {
        entry_free(&made);
        return NULL;
    }
    *found = made;
    runner->count++;
    return found;
}

static bool point_at(dnnl_memory_t memory, const void *elements, Error *err) {
    /* oneDNN's handles are not const; sources are only read. */
    return check(dnnl_memory_set_data_handle(memory, (void *)(uintptr_t)elements), "placing a matrix", err);
}

static bool execute(OpsRunner *runner, const Entry *entry, Error *err) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, entry->x},
                                   {DNNL_ARG_WEIGHTS, entry->w},
                                   {DNNL_ARG_DST, entry->y},
                                   {DNNL_ARG_SCRATCHPAD, runner->scratch},
                                   {DNNL_ARG_BIAS, entry->bias}};
    return check(dnnl_primitive_execute(entry->primitive, runner->stream, entry->bias ? 5 : 4, arguments), "multiplying", err);
}

static const unsigned char *weights_at(const Packed *packed, int column) {
    void *start = NULL;
    (void)dnnl_memory_get_data_handle(packed->memory, &start);
    return (const unsigned char *)start + column_bytes(packed, column);
}

/* `count` rows of the product from row `first` on. */
static bool run_rows(OpsRunner *runner, const Product *p, int first, int count, Error *err) {
    const Packed *w = p->w;
    Shape shape = {.m = count,
                   .N = p->columns,
                   .K = w->K,
                   .ldy = p->ldy,
                   .ldx = p->ldx,
                   .w = w->element,
                   .y = p->y_element,
                   .bias = p->bias != NULL,
                   .add = p->add};
    Entry *entry = get_entry(runner, &shape, w, err);
    const unsigned char *x = p->x;
    unsigned char *y = p->y;
    x += (size_t)first * (size_t)p->ldx * element_bytes(input_of(w->element));
    y += (size_t)first * (size_t)p->ldy * element_bytes(p->y_element);
    return entry && point_at(entry->x, x, err) && point_at(entry->w, weights_at(w, p->column), err) &&
           point_at(entry->y, y, err) && (!p->bias || point_at(entry->bias, p->bias + p->column, err)) &&
           execute(runner, entry, err);
}

/* Room of the runner's own for rows on their way. */
static bool reserve_tile(OpsRunner *runner, size_t bytes, Error *err) {
    if (bytes <= runner->tile_bytes) return true;
    mem_free(runner->tile);
    runner->tile_bytes = 0;
    runner->tile = mem_new(bytes, 1, err);
    if (runner->tile) runner->tile_bytes = bytes;
    return runner->tile != NULL;
}

static void copy_rows(unsigned char *to, size_t to_row, const unsigned char *from, size_t from_row, size_t bytes, int rows) {
    for (size_t i = 0; i < (size_t)rows; i++) memcpy(to + i * to_row, from + i * from_row, bytes);
}

/* Some columns: oneDNN's fast products write dense matrices alone, so these are made apart and put in their place. */
static bool run_columns(OpsRunner *runner, const Product *p, Error *err) {
    size_t size = element_bytes(p->y_element), row = (size_t)p->columns * size;
    if (!reserve_tile(runner, (size_t)p->m * row, err)) return false;
    Product part = *p;
    part.y = runner->tile;
    part.ldy = p->columns;
    if (!run_rows(runner, &part, 0, p->m, err)) return false;
    copy_rows(p->y, (size_t)p->ldy * size, runner->tile, row, row, p->m);
    return true;
}

/* Rows in tiles of one size, the last filled up with zeros: the same instructions for every row, whatever their number. */
static bool run_tiles(OpsRunner *runner, const Product *p, Error *err) {
    int whole = p->m / TILE * TILE, rest = p->m - whole;
    for (int i = 0; i < whole; i += TILE)
        if (!run_rows(runner, p, i, TILE, err)) return false;
    if (!rest) return true;
    size_t x_row = (size_t)p->ldx * element_bytes(input_of(p->w->element)), y_row = (size_t)p->ldy * element_bytes(p->y_element);
    size_t x_used = (size_t)p->w->K * element_bytes(input_of(p->w->element)),
           y_used = (size_t)p->w->N * element_bytes(p->y_element);
    if (!reserve_tile(runner, TILE * (x_row + y_row), err)) return false;
    unsigned char *y_tile = runner->tile, *x_tile = y_tile + TILE * y_row, *y = p->y;
    const unsigned char *x = p->x;
    memset(runner->tile, 0, TILE * (x_row + y_row));
    copy_rows(x_tile, x_row, x + (size_t)whole * x_row, x_row, x_used, rest);
    if (p->add) copy_rows(y_tile, y_row, y + (size_t)whole * y_row, y_row, y_used, rest);
    Product tile = *p;
    tile.x = x_tile;
    tile.y = y_tile;
    if (!run_rows(runner, &tile, 0, TILE, err)) return false;
    copy_rows(y + (size_t)whole * y_row, y_row, y_tile, y_row, y_used, rest);
    return true;
}

static bool run_product(OpsRunner *runner, const Product *p, Error *err) {
    if (p->w->tiled) return run_tiles(runner, p, err);
    if (p->columns < p->w->N && p->ldy != p->columns) return run_columns(runner, p, err);
    /* A multiple of 64 rows, or two calls of which one has such a number and the other 33 to 95: few primitives serve every row count. */
    int main_rows = p->m % 64 == 0 ? p->m : p->m < 96 ? 0 : (p->m - 32) / 64 * 64;
    if (main_rows && !run_rows(runner, p, 0, main_rows, err)) return false;
    return main_rows == p->m || run_rows(runner, p, main_rows, p->m - main_rows, err);
}

bool ops_product(OpsRunner *runner, const Product *product, Error *err) {
    Product p = *product;
    if (p.m <= 0) return true;
    if (!p.columns) p.columns = p.w->N;
    ProfilePart before = profile_enter(runner->lane, PROFILE_LINEAR);
    profile_count(runner->lane, 2.0 * p.m * p.columns * p.w->K);
    bool good = run_product(runner, &p, err);
    (void)profile_enter(runner->lane, before);
    return good;
}

static bool run_outer(OpsRunner *runner, float *dw, bool add, int out, int in, Element element, const void *dy, int ldy,
                      const void *x, int ldx, int n, Error *err) {
    const unsigned char *left = dy, *right = x;
    for (int i = 0; i < n; i += OPS_ROW_CHUNK) {
        int rows = n - i < OPS_ROW_CHUNK ? n - i : OPS_ROW_CHUNK;
        Shape shape = {.m = out, .N = in, .K = rows, .ldy = ldx, .ldx = ldy, .w = element, .outer = true, .add = add || i > 0};
        Entry *entry = get_entry(runner, &shape, NULL, err);
        if (!entry || !point_at(entry->x, left + (size_t)i * (size_t)ldy * element_bytes(element), err) ||
            !point_at(entry->w, right + (size_t)i * (size_t)ldx * element_bytes(element), err) || !point_at(entry->y, dw, err) ||
            !execute(runner, entry, err))
            return false;
    }
    return true;
}

bool ops_outer(OpsRunner *runner, float *dw, bool add, int out, int in, Element element, const void *dy, int ldy, const void *x,
               int ldx, int n, Error *err) {
    ProfilePart before = profile_enter(runner->lane, PROFILE_LINEAR);
    profile_count(runner->lane, 2.0 * out * in * n);
    bool good = run_outer(runner, dw, add, out, in, element, dy, ldy, x, ldx, n, err);
    (void)profile_enter(runner->lane, before);
    return good;
}
