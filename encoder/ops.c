#include "encoder/ops.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"

enum {
    MANY_ROWS = 2048, /* the row count whose layout the weights are packed in */
    TILE = 64         /* rows of a product where bits would depend on their number */
};

struct Ops {
    dnnl_engine_t engine;
    int vector_bits;
};

struct Packed {
    int K, N;
    dnnl_memory_desc_t plain; /* how the caller's weights lie */
    dnnl_memory_t memory;     /* packed */
    dnnl_primitive_t reorder;
    bool tiled; /* this shape's implementation needs fixed row tiles */
};

/* What a primitive is made for. */
typedef struct Shape {
    int m, N, K, ldy, ldx;
    bool outer; /* dyᵀ x instead of x w */
    bool bias, add;
} Shape;

typedef struct Entry {
    Shape shape;
    dnnl_primitive_t primitive;
    dnnl_memory_t x, w, bias, y; /* w only for outer products */
} Entry;

struct OpsRunner {
    const Ops *ops;
    dnnl_stream_t stream;
    Entry *entries; /* open addressing; capacity is a power of two */
    size_t count, capacity;
    dnnl_memory_t scratch; /* one for all primitives, as large as the largest asked for */
    void *scratch_block;
    size_t scratch_bytes;
    float *tile; /* rows padded to TILE: x behind y */
    size_t tile_floats;
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
    return ops;
}

void ops_free(Ops *ops) {
    if (!ops) return;
    if (ops->engine) dnnl_engine_destroy(ops->engine);
    mem_free(ops);
}

int ops_vector_bits(const Ops *ops) { return ops->vector_bits; }

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

static bool describe(dnnl_memory_desc_t *desc, int rows, int columns, int row_stride, int column_stride, Error *err) {
    dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
    return check(dnnl_memory_desc_init_by_strides(desc, 2, dims, dnnl_f32, strides), "describing a matrix", err);
}

/* Products ask for scratch memory instead of keeping their own, so that a primitive may run on any thread; `add` keeps y. */
static bool make_attributes(dnnl_primitive_attr_t *attributes, bool add, Error *err) {
    dnnl_post_ops_t post_ops = NULL;
    bool good =
        check(dnnl_primitive_attr_create(attributes), "creating attributes", err) &&
        check(dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user), "setting the scratchpad", err);
    if (good && add)
        good = check(dnnl_post_ops_create(&post_ops), "creating post-ops", err) &&
               check(dnnl_post_ops_append_sum(post_ops, 1.0f), "adding to the result", err) &&
               check(dnnl_primitive_attr_set_post_ops(*attributes, post_ops), "setting post-ops", err);
    if (post_ops) dnnl_post_ops_destroy(post_ops);
    return good;
}

static bool describe_product(dnnl_primitive_desc_t *product, const Ops *ops, const dnnl_memory_desc_t *x,
                             const dnnl_memory_desc_t *w, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *y, bool add,
                             Error *err) {
    dnnl_matmul_desc_t operation;
    dnnl_primitive_attr_t attributes = NULL;
    bool good = check(dnnl_matmul_desc_init(&operation, x, w, bias, y), "describing a product", err) &&
                make_attributes(&attributes, add, err) &&
                check(dnnl_primitive_desc_create(product, &operation, attributes, ops->engine, NULL), "planning a product", err);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return good;
}

static bool keeps_bits(const_dnnl_primitive_desc_t product) {
    const char *name = "";
    return dnnl_primitive_desc_query(product, dnnl_query_impl_info_str, 0, (void *)&name) == dnnl_success &&
           strncmp(name, "brg:", 4) == 0;
}

/* ---- packed weights ---- */

/* The layout oneDNN chooses for W (K, N) when there are many rows. */
static bool choose_layout(dnnl_memory_desc_t *layout, bool *tiled, const Ops *ops, int K, int N, Error *err) {
    dnnl_memory_desc_t x, w, y;
    dnnl_dims_t dims = {K, N};
    dnnl_primitive_desc_t product = NULL;
    if (!describe(&x, MANY_ROWS, K, K, 1, err) || !describe(&y, MANY_ROWS, N, N, 1, err) ||
        !check(dnnl_memory_desc_init_by_tag(&w, 2, dims, dnnl_f32, dnnl_format_tag_any), "describing weights", err) ||
        !describe_product(&product, ops, &x, &w, NULL, &y, false, err))
        return false;
    *layout = *dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0);
    *tiled = !keeps_bits(product);
    dnnl_primitive_desc_destroy(product);
    return true;
}

Packed *ops_pack(const Ops *ops, const float *weight, int K, int N, int stride_k, int stride_n, Error *err) {
    Packed *packed = mem_new(1, sizeof *packed, err);
    if (!packed) return NULL;
    packed->K = K;
    packed->N = N;
    dnnl_memory_desc_t layout;
    dnnl_primitive_desc_t reorder = NULL;
    bool good = describe(&packed->plain, K, N, stride_k, stride_n, err) &&
                choose_layout(&layout, &packed->tiled, ops, K, N, err) &&
                check(dnnl_memory_create(&packed->memory, &layout, ops->engine, DNNL_MEMORY_ALLOCATE), "packing weights", err) &&
                check(dnnl_reorder_primitive_desc_create(&reorder, &packed->plain, ops->engine, &layout, ops->engine, NULL),
                      "planning to pack weights", err) &&
                check(dnnl_primitive_create(&packed->reorder, reorder), "preparing to pack weights", err) &&
                ops_repack(ops, packed, weight, err);
    if (reorder) dnnl_primitive_desc_destroy(reorder);
    if (good) return packed;
    packed_free(packed);
    return NULL;
}

bool ops_repack(const Ops *ops, Packed *packed, const float *weight, Error *err) {
    dnnl_memory_t from = NULL;
    dnnl_stream_t stream = NULL;
    /* oneDNN's handles are not const; a reorder only reads its source. */
    bool good =
        check(dnnl_memory_create(&from, &packed->plain, ops->engine, (void *)(uintptr_t)weight), "reading weights", err) &&
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

void packed_free(Packed *packed) {
    if (!packed) return;
    if (packed->reorder) dnnl_primitive_destroy(packed->reorder);
    if (packed->memory) dnnl_memory_destroy(packed->memory);
    mem_free(packed);
}

static const dnnl_memory_desc_t *packed_layout(const Packed *packed) {
    const dnnl_memory_desc_t *layout = NULL;
    (void)dnnl_memory_get_memory_desc(packed->memory, &layout);
    return layout;
}

size_t packed_bytes(const Packed *packed) { return dnnl_memory_desc_get_size(packed_layout(packed)); }

/* ---- runner: primitives made when first met, and kept ---- */

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
    return a->m == b->m && a->N == b->N && a->K == b->K && a->ldy == b->ldy && a->ldx == b->ldx && a->outer == b->outer &&
           a->bias == b->bias && a->add == b->add;
}

/* The entry of the shape, or the empty one where it belongs. */
static Entry *find_entry(const OpsRunner *runner, const Shape *shape) {
    uint64_t hash = 1469598103934665603u;
    const int parts[] = {shape->m, shape->N, shape->K, shape->ldy, shape->ldx, shape->outer * 4 + shape->bias * 2 + shape->add};
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
    const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(product, dnnl_query_scratchpad_md, 0);
    size_t bytes = desc ? dnnl_memory_desc_get_size(desc) : 0;
    if (bytes <= runner->scratch_bytes && runner->scratch) return true;
    void *block = mem_new(bytes, 1, err);
    if (!block) return false;
    if (runner->scratch) dnnl_memory_destroy(runner->scratch);
    mem_free(runner->scratch_block);
    runner->scratch = NULL;
    runner->scratch_block = block;
    runner->scratch_bytes = bytes;
    dnnl_memory_desc_t whole;
    dnnl_dims_t dims = {(dnnl_dim_t)bytes};
    return check(dnnl_memory_desc_init_by_tag(&whole, 1, dims, dnnl_u8, dnnl_a), "describing scratch memory", err) &&
           check(dnnl_memory_create(&runner->scratch, &whole, runner->ops->engine, block), "reserving scratch memory", err);
}

/* A matrix whose address is given at each run. */
static bool make_handle(dnnl_memory_t *memory, const dnnl_memory_desc_t *desc, const Ops *ops, Error *err) {
    return check(dnnl_memory_create(memory, desc, ops->engine, NULL), "naming a matrix", err);
}

static bool fill_entry(Entry *entry, OpsRunner *runner, const Shape *s, const dnnl_memory_desc_t *packed, Error *err) {
    const Ops *ops = runner->ops;
    dnnl_memory_desc_t x, w, bias, y;
    dnnl_primitive_desc_t product = NULL;
    bool good = s->outer ? describe(&x, s->m, s->K, 1, s->ldx, err) : describe(&x, s->m, s->K, s->ldx, 1, err);
    good = good && describe(&bias, 1, s->N, s->N, 1, err) && describe(&y, s->m, s->N, s->outer ? s->N : s->ldy, 1, err);
    if (good && s->outer) good = describe(&w, s->K, s->N, s->ldy, 1, err);
    good = good && describe_product(&product, ops, &x, s->outer ? &w : packed, s->bias ? &bias : NULL, &y, s->add, err) &&
           reserve_scratch(runner, product, err) && make_handle(&entry->x, &x, ops, err) &&
           make_handle(&entry->y, &y, ops, err) && (!s->bias || make_handle(&entry->bias, &bias, ops, err)) &&
           (!s->outer || make_handle(&entry->w, &w, ops, err)) &&
           check(dnnl_primitive_create(&entry->primitive, product), "preparing a product", err);
    if (product) dnnl_primitive_desc_destroy(product);
    entry->shape = *s;
    return good;
}

/* The primitive for a shape; `packed` is the layout of the weights, NULL for an outer product. */
static Entry *get_entry(OpsRunner *runner, const Shape *shape, const dnnl_memory_desc_t *packed, Error *err) {
    Entry *found = find_entry(runner, shape);
    if (found->primitive) return found;
    if (runner->count * 2 >= runner->capacity) {
        if (!grow_entries(runner, err)) return NULL;
        found = find_entry(runner, shape);
    }
    Entry made = {0};
    if (!fill_entry(&made, runner, shape, packed, err)) {
        entry_free(&made);
        return NULL;
    }
    *found = made;
    runner->count++;
    return found;
}

static bool point_at(dnnl_memory_t memory, const float *floats, Error *err) {
    /* oneDNN's handles are not const; sources are only read. */
    return check(dnnl_memory_set_data_handle(memory, (void *)(uintptr_t)floats), "placing a matrix", err);
}

static bool run_product(OpsRunner *runner, float *y, int ldy, const float *x, int ldx, const Packed *w, const float *bias, int m,
                        bool add, Error *err) {
    Shape shape = {.m = m, .N = w->N, .K = w->K, .ldy = ldy, .ldx = ldx, .bias = bias != NULL, .add = add};
    Entry *entry = get_entry(runner, &shape, packed_layout(w), err);
    if (!entry || !point_at(entry->x, x, err) || !point_at(entry->y, y, err) || (bias && !point_at(entry->bias, bias, err)))
        return false;
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, entry->x},
                                   {DNNL_ARG_WEIGHTS, w->memory},
                                   {DNNL_ARG_DST, entry->y},
                                   {DNNL_ARG_SCRATCHPAD, runner->scratch},
                                   {DNNL_ARG_BIAS, entry->bias}};
    return check(dnnl_primitive_execute(entry->primitive, runner->stream, bias ? 5 : 4, arguments), "multiplying", err);
}

/* Rows in tiles of one size, the last filled up with zeros: the same instructions for every row, whatever their number. */
static bool run_tiles(OpsRunner *runner, float *y, int ldy, const float *x, int ldx, const Packed *w, const float *bias, int m,
                      bool add, Error *err) {
    int whole = m / TILE * TILE, rest = m - whole;
    for (int i = 0; i < whole; i += TILE)
        if (!run_product(runner, y + (size_t)i * (size_t)ldy, ldy, x + (size_t)i * (size_t)ldx, ldx, w, bias, TILE, add, err))
            return false;
    if (!rest) return true;
    size_t floats = TILE * ((size_t)ldx + (size_t)ldy);
    if (floats > runner->tile_floats) {
        mem_free(runner->tile);
        runner->tile_floats = 0;
        runner->tile = mem_new(floats, sizeof *runner->tile, err);
        if (!runner->tile) return false;
        runner->tile_floats = floats;
    }
    float *y_tile = runner->tile, *x_tile = y_tile + (size_t)TILE * (size_t)ldy;
    memset(runner->tile, 0, floats * sizeof *runner->tile);
    for (int i = 0; i < rest; i++) {
        size_t from = (size_t)(whole + i), to = (size_t)i;
        memcpy(x_tile + to * (size_t)ldx, x + from * (size_t)ldx, (size_t)w->K * sizeof *x);
        if (add) memcpy(y_tile + to * (size_t)ldy, y + from * (size_t)ldy, (size_t)w->N * sizeof *y);
    }
    if (!run_product(runner, y_tile, ldy, x_tile, ldx, w, bias, TILE, add, err)) return false;
    for (int i = 0; i < rest; i++)
        memcpy(y + (size_t)(whole + i) * (size_t)ldy, y_tile + (size_t)i * (size_t)ldy, (size_t)w->N * sizeof *y);
    return true;
}

bool ops_product(OpsRunner *runner, float *y, int ldy, const float *x, int ldx, const Packed *w, const float *bias, int m,
                 bool add, Error *err) {
    if (m <= 0) return true;
    if (w->tiled) return run_tiles(runner, y, ldy, x, ldx, w, bias, m, add, err);
    /* Two calls of which one has a multiple of 64 rows and the other 32 to 95: few primitives serve every row count. */
    int main_rows = m < 96 ? 0 : (m - 32) / 64 * 64;
    if (main_rows && !run_product(runner, y, ldy, x, ldx, w, bias, main_rows, add, err)) return false;
    return run_product(runner, y + (size_t)main_rows * (size_t)ldy, ldy, x + (size_t)main_rows * (size_t)ldx, ldx, w, bias,
                       m - main_rows, add, err);
}

bool ops_add_outer(OpsRunner *runner, float *dw, int out, int in, const float *dy, int ldy, const float *x, int ldx, int n,
                   Error *err) {
    for (int i = 0; i < n; i += OPS_ROW_CHUNK) {
        int rows = n - i < OPS_ROW_CHUNK ? n - i : OPS_ROW_CHUNK;
        Shape shape = {.m = out, .N = in, .K = rows, .ldy = ldx, .ldx = ldy, .outer = true, .add = true};
        Entry *entry = get_entry(runner, &shape, NULL, err);
        if (!entry || !point_at(entry->x, dy + (size_t)i * (size_t)ldy, err) ||
            !point_at(entry->w, x + (size_t)i * (size_t)ldx, err) || !point_at(entry->y, dw, err))
            return false;
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, entry->x},
                                       {DNNL_ARG_WEIGHTS, entry->w},
                                       {DNNL_ARG_DST, entry->y},
                                       {DNNL_ARG_SCRATCHPAD, runner->scratch}};
        if (!check(dnnl_primitive_execute(entry->primitive, runner->stream, 4, arguments), "multiplying", err)) return false;
    }
    return true;
}
