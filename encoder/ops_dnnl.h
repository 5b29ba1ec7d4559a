/* oneDNN 2 or 3: the only include of its header, and all in which the two differ. In 2 the description of a matrix is a struct, in 3 a
 * handle that is created and destroyed; the description of an operation is gone in 3. Everything returns what oneDNN does. */
#ifndef TWOFOLD_ENCODER_OPS_DNNL_H
#define TWOFOLD_ENCODER_OPS_DNNL_H

#include <stdbool.h>

#include <oneapi/dnnl/dnnl.h>

/* How a matrix lies in memory. Starts as {0}; freed with layout_free, which takes that too. */
typedef struct Layout {
    dnnl_memory_desc_t desc;
} Layout;

/* What blocks a matrix stands in: the sizes and dimensions of the inner ones, and how far it is from an outer one to the next. */
typedef struct Blocks {
    int count;
    const dnnl_dim_t *sizes, *dimensions, *strides;
    dnnl_dim_t offset;
} Blocks;

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t LayoutView; /* borrowed */

static inline LayoutView layout_view(const Layout *layout) { return layout->desc; }

static inline void layout_free(Layout *layout) {
    if (layout->desc) (void)dnnl_memory_desc_destroy(layout->desc);
    layout->desc = NULL;
}

static inline dnnl_status_t layout_strided(Layout *out, dnnl_data_type_t type, int rows, int columns, int row_stride,
                                           int column_stride) {
    dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
    return dnnl_memory_desc_create_with_strides(&out->desc, 2, dims, type, strides);
}

static inline dnnl_status_t layout_tagged(Layout *out, dnnl_data_type_t type, int dimensions, const dnnl_dims_t dims,
                                          dnnl_format_tag_t tag) {
    return dnnl_memory_desc_create_with_tag(&out->desc, dimensions, dims, type, tag);
}

static inline dnnl_status_t layout_part(Layout *out, LayoutView whole, const dnnl_dims_t dims, const dnnl_dims_t offsets) {
    return dnnl_memory_desc_create_submemory(&out->desc, whole, dims, offsets);
}

static inline dnnl_status_t layout_copy(Layout *out, LayoutView from) { return dnnl_memory_desc_clone(&out->desc, from); }

static inline bool layout_blocks(LayoutView layout, Blocks *out) {
    dnnl_format_kind_t kind = dnnl_format_kind_undef;
    const dnnl_dims_t *sizes = NULL, *dimensions = NULL, *strides = NULL;
    if (dnnl_memory_desc_query(layout, dnnl_query_format_kind, &kind) != dnnl_success || kind != dnnl_blocked ||
        dnnl_memory_desc_query(layout, dnnl_query_inner_nblks_s32, &out->count) != dnnl_success ||
        dnnl_memory_desc_query(layout, dnnl_query_inner_blks, &sizes) != dnnl_success ||
        dnnl_memory_desc_query(layout, dnnl_query_inner_idxs, &dimensions) != dnnl_success ||
        dnnl_memory_desc_query(layout, dnnl_query_strides, &strides) != dnnl_success ||
        dnnl_memory_desc_query(layout, dnnl_query_submemory_offset_s64, &out->offset) != dnnl_success)
        return false;
    out->sizes = *sizes;
    out->dimensions = *dimensions;
    out->strides = *strides;
    return true;
}

static inline dnnl_status_t plan_product(dnnl_primitive_desc_t *out, dnnl_engine_t engine, LayoutView x, LayoutView w,
                                         LayoutView bias, LayoutView y, const_dnnl_primitive_attr_t attributes) {
    return dnnl_matmul_primitive_desc_create(out, engine, x, w, bias, y, attributes);
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t post_ops) {
    return dnnl_post_ops_append_sum(post_ops, 1.0f, 0, dnnl_data_type_undef);
}

#else

typedef const dnnl_memory_desc_t *LayoutView; /* borrowed */

static inline LayoutView layout_view(const Layout *layout) { return &layout->desc; }

static inline void layout_free(Layout *layout) { (void)layout; }

static inline dnnl_status_t layout_strided(Layout *out, dnnl_data_type_t type, int rows, int columns, int row_stride,
                                           int column_stride) {
    dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
    return dnnl_memory_desc_init_by_strides(&out->desc, 2, dims, type, strides);
}

static inline dnnl_status_t layout_tagged(Layout *out, dnnl_data_type_t type, int dimensions, const dnnl_dims_t dims,
                                          dnnl_format_tag_t tag) {
    return dnnl_memory_desc_init_by_tag(&out->desc, dimensions, dims, type, tag);
}

static inline dnnl_status_t layout_part(Layout *out, LayoutView whole, const dnnl_dims_t dims, const dnnl_dims_t offsets) {
    return dnnl_memory_desc_init_submemory(&out->desc, whole, dims, offsets);
}

static inline dnnl_status_t layout_copy(Layout *out, LayoutView from) {
    out->desc = *from;
    return dnnl_success;
}

static inline bool layout_blocks(LayoutView layout, Blocks *out) {
    if (layout->format_kind != dnnl_blocked || layout->extra.flags != dnnl_memory_extra_flag_none) return false;
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    *out = (Blocks){blocking->inner_nblks, blocking->inner_blks, blocking->inner_idxs, blocking->strides, layout->offset0};
    return true;
}

static inline dnnl_status_t plan_product(dnnl_primitive_desc_t *out, dnnl_engine_t engine, LayoutView x, LayoutView w,
                                         LayoutView bias, LayoutView y, const_dnnl_primitive_attr_t attributes) {
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, x, w, bias, y);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attributes, engine, NULL) : status;
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t post_ops) { return dnnl_post_ops_append_sum(post_ops, 1.0f); }

#endif

/* Whether a matrix (K, N) stands in panels of `width` columns, one behind the other, each dense with its rows in order; `pair` of them element by element in turn. */
static inline bool layout_is_panels(LayoutView layout, int K, int width, int pair) {
    enum { ROWS = 16 };
    Blocks b;
    return layout_blocks(layout, &b) && b.offset == 0 && b.count == (pair > 1 ? 3 : 2) && b.sizes[0] == ROWS &&
           b.dimensions[0] == 0 && b.sizes[1] == width && b.dimensions[1] == 1 &&
           (pair == 1 || (b.sizes[2] == pair && b.dimensions[2] == 0)) && b.strides[0] == ROWS * pair * width &&
           b.strides[1] == (dnnl_dim_t)K * width;
}
#endif
