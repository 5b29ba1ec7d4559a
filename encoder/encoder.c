#include "encoder/encoder.h"

#include <math.h>
#include <string.h>

#include "common/random.h"
#include "encoder/inside.h"

static bool dtype_check(Dtype dtype, const Ops *ops, Error *err) {
    if (dtype == DTYPE_FLOAT32 || (ops_supports(dtype) && low_kernels_choose(false))) return true;
    return FAIL(err, ERROR_USAGE, "--dtype %s needs a processor with %s, this one runs at %s; expected float32 or auto",
                dtype_name(dtype), dtype == DTYPE_BFLOAT16 ? "AVX512-BF16 or AMX" : "AVX512-VNNI", ops_instruction_set(ops));
}

bool dtype_resolve(Dtype *dtype, Error *err) {
    Ops *ops = ops_new(err);
    if (!ops) return false;
    if (*dtype == DTYPE_AUTO) *dtype = dtype_check(DTYPE_BFLOAT16, ops, NULL) ? DTYPE_BFLOAT16 : DTYPE_FLOAT32;
    bool ok = dtype_check(*dtype, ops, err);
    ops_free(ops);
    return ok;
}

static bool choose_dtype(Encoder *encoder, Dtype dtype, Error *err) {
    encoder->dtype = dtype;
    if (dtype == DTYPE_FLOAT32) return true;
    if (dtype == DTYPE_INT8 && encoder->training)
        return FAIL(err, ERROR_USAGE, "int8 is for inference; train with float32 or bfloat16");
    encoder->low = low_kernels_choose(ops_supports(DTYPE_BFLOAT16));
    if (dtype == DTYPE_AUTO) return dtype_resolve(&encoder->dtype, err);
    return dtype_check(dtype, encoder->ops, err);
}

Encoder *encoder_new(const Weights *weights, const EncoderOptions *options, Pool *pool, Error *err) {
    Encoder *encoder = mem_new(1, sizeof *encoder, err);
    if (!encoder) return NULL;
    encoder->weights = weights;
    encoder->training = options->training;
    encoder->ops = ops_new(err);
    if (encoder->ops && choose_dtype(encoder, options->dtype, err))
        encoder->layers = mem_new((size_t)weights->config.layers, sizeof *encoder->layers, err);
    encoder->room_bytes = encoder->layers ? packing_bytes(encoder) : 0;
    encoder->room = encoder->layers ? mem_map(encoder->room_bytes, err) : NULL;
    if (encoder->room) {
        encoder->kernels = kernels_choose(ops_vector_bits(encoder->ops));
        if (encoder_refresh(encoder, pool, err)) return encoder;
    }
    encoder_free(encoder);
    return NULL;
}

void encoder_free(Encoder *encoder) {
    if (!encoder) return;
    packing_free(encoder);
    mem_free(encoder->layers);
    mem_unmap(encoder->room, encoder->room_bytes);
    ops_free(encoder->ops);
    mem_free(encoder);
}

Dtype encoder_dtype(const Encoder *encoder) { return encoder->dtype; }
const EncoderConfig *encoder_config(const Encoder *encoder) { return &encoder->weights->config; }
const char *encoder_instruction_set(const Encoder *encoder) { return ops_instruction_set(encoder->ops); }

const char *encoder_library(char out[32]) { return ops_library(out); }

/* ---- what the parts of the network share ---- */

Element element_of(Dtype dtype) {
    return dtype == DTYPE_INT8 ? ELEMENT_UINT8 : dtype == DTYPE_BFLOAT16 ? ELEMENT_BFLOAT16 : ELEMENT_FLOAT32;
}

Element operand_element(const Encoder *encoder) { return element_of(encoder->dtype); }

Operand operand_row(const Encoder *encoder, const Operand *of, int row, int columns) {
    size_t bytes = (size_t)columns * element_bytes(operand_element(encoder));
    return (Operand){(unsigned char *)of->rows + (size_t)row * bytes, of->scales ? of->scales + row : NULL};
}

void operand_fill(const Encoder *encoder, const Operand *to, const float *x, int begin, int end, int columns) {
    size_t at = (size_t)begin * (size_t)columns;
    if (!to->rows) return; /* nobody reads it */
    if (encoder->dtype == DTYPE_BFLOAT16)
        encoder->low->round((Bfloat16 *)to->rows + at, x + at, (size_t)(end - begin) * (size_t)columns);
    else if (encoder->dtype == DTYPE_INT8)
        for (int i = begin; i < end; i++, at += (size_t)columns)
            to->scales[i] = encoder->low->quantize((uint8_t *)to->rows + at, x + at, columns);
}

/* An int8 product leaves integers: a few rows at a time, on their way to what is wanted of them while they are near. */
static bool int8_forward(const Encoder *encoder, WorkspaceThread *thread, const LinearRun *run, const Operand *gelu, Error *err) {
    const LowKernels *low = encoder->low;
    int first = run->columns.begin, count = run->columns.end - first;
    for (int done = 0; done < run->rows; done += SUM_ROWS) {
        int rows = run->rows - done < SUM_ROWS ? run->rows - done : SUM_ROWS, x_row = run->x_row + done;
        Product product = {.w = run->w->forward,
                           .x = (uint8_t *)run->x->rows + (size_t)x_row * (size_t)run->in,
                           .y = thread->sums,
                           .y_element = ELEMENT_INT32,
                           .m = rows,
                           .ldx = run->in,
                           .ldy = count,
                           .column = first,
                           .columns = count};
        if (!ops_product(thread->runner, &product, err)) return false;
        IntegerRow row = {
            thread->sums,         {0, 0}, packed_scales(run->w->forward) + first, packed_sums(run->w->forward) + first,
            run->w->bias + first, count};
        for (int i = 0; i < rows; i++, row.sums += count) {
            int y_row = run->y_row + done + i;
            size_t at = (size_t)y_row * (size_t)run->out + (size_t)first;
            row.row = run->x->scales[x_row + i];
            if (gelu)
                gelu->scales[y_row] = low->requantize_gelu((uint8_t *)gelu->rows + at, &row, thread->row);
            else if (run->y_element == ELEMENT_BFLOAT16)
                low->dequantize_round((Bfloat16 *)run->y + at, &row);
            else
                low->dequantize((float *)run->y + at, &row);
        }
    }
    return true;
}

bool linear_gelu(const Encoder *encoder, WorkspaceThread *thread, const LinearRun *run, const Operand *g, Error *err) {
    ProfilePart before = profile_enter(thread->lane, PROFILE_LINEAR);
    bool good = int8_forward(encoder, thread, run, g, err);
    (void)profile_enter(thread->lane, before);
    return good;
}

bool linear_forward(const Encoder *encoder, WorkspaceThread *thread, const LinearRun *run, Error *err) {
    if (run->columns.begin == run->columns.end) return true;
    if (run->w->dtype == DTYPE_INT8) {
        ProfilePart before = profile_enter(thread->lane, PROFILE_LINEAR);
        bool good = int8_forward(encoder, thread, run, NULL, err);
        (void)profile_enter(thread->lane, before);
        return good;
    }
    Product product = {.w = run->w->forward,
                       .x = (unsigned char *)run->x->rows +
                            (size_t)run->x_row * (size_t)run->in * element_bytes(element_of(run->w->dtype)),
                       .y = (unsigned char *)run->y +
                            ((size_t)run->y_row * (size_t)run->out + (size_t)run->columns.begin) * element_bytes(run->y_element),
                       .y_element = run->y_element,
                       .m = run->rows,
                       .ldx = run->in,
                       .ldy = run->out,
                       .bias = run->w->bias,
                       .column = run->columns.begin,
                       .columns = run->columns.end - run->columns.begin};
    return ops_product(thread->runner, &product, err);
}

bool linear_backward(WorkspaceThread *thread, void *dx, Element element, const Operand *dy, const PackedLinear *w, int begin,
                     int end, int out, int in, bool add, Error *err) {
    Product product = {.w = w->backward,
                       .x = (unsigned char *)dy->rows + (size_t)begin * (size_t)out * element_bytes(element_of(w->dtype)),
                       .y = (unsigned char *)dx + (size_t)begin * (size_t)in * element_bytes(element),
                       .y_element = element,
                       .m = end - begin,
                       .ldx = out,
                       .ldy = in,
                       .add = add};
    return ops_product(thread->runner, &product, err);
}

Dropout drop_at(const Pass *pass, int layer, DropPlace place) {
    const EncoderConfig *c = &pass->encoder->weights->config;
    double p = place == DROP_ATTENTION ? c->attention_dropout : place == DROP_HEAD ? c->classifier_dropout : c->dropout;
    if (place == DROP_ATTENTION_OUT && c->family != FAMILY_BERT) p = 0; /* DistilBERT adds what attention gives as it is */
    if (!pass->options->dropout) p = 0;
    return (Dropout){.seed = pass->options->seed,
                     .step = pass->options->step,
                     .place = (uint32_t)STREAM_DROPOUT << 24 | (uint32_t)(layer * DROP_PLACES + (int)place),
                     .threshold = (uint32_t)(p * 0x1p32),
                     .scale = (float)(1 / (1 - p))};
}

bool layer_is_cls(const Pass *pass, int layer) { return pass->ws->cls_only && layer + 1 == pass->ws->last_layer; }

/* Part `index` of `count`: whole rows, about as many tokens each. */
static Part cut(const Batch *batch, int index, int count) {
    int bounds[2];
    for (int side = 0; side < 2; side++) {
        int64_t wanted = (int64_t)batch->tokens * (index + side) / count;
        int low = 0, high = batch->rows; /* the first row that starts at or behind `wanted` */
        while (low < high) {
            int middle = (low + high) / 2;
            if (batch->starts[middle] < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0 && wanted - batch->starts[low - 1] < batch->starts[low] - wanted) low--; /* the one before is nearer */
        bounds[side] = low;
    }
    return (Part){index, bounds[0], bounds[1], batch->starts[bounds[0]], batch->starts[bounds[1]], {NULL, 0, 1}};
}

typedef struct PassRun {
    const Pass *pass;
    PartTask task;
    int parts;
    int members; /* of the team that goes through the one part; 0: each thread has parts of its own */
    const GradientTasks *sums; /* or NULL */
    Error *errors;             /* one a part, then one a thread for the sums */
} PassRun;

static void run_part(const PassRun *run, int index, int thread) {
    Workspace *ws = run->pass->ws;
    Part part = cut(run->pass->batch, run->members ? 0 : index, run->members ? 1 : run->parts);
    if (part.row == part.row_end) return;
    if (run->members) part.team = (Team){&ws->barrier, index, run->members};
    WorkspaceThread *own = &ws->threads[thread];
    ProfilePart before = profile_enter(own->lane, PROFILE_ROWS);
    bool good = run->task(run->pass, &part, own, &run->errors[index]);
    (void)profile_enter(own->lane, before);
    if (good) return;
    FAIL(&run->errors[index], ERROR_FAILED, "a part of the batch failed");
    team_fail(&part.team);
}

/* The parts, then the sums: their outcome is in the thread's Error, where the first failure stands. */
static void run_piece(void *context, int index, int thread) {
    const PassRun *run = context;
    if (index < run->parts)
        run_part(run, index, thread);
    else
        (void)!task_run(run->pass, &run->sums->task[index - run->parts], thread, &run->errors[run->parts + thread]);
}

static bool run_all(PassRun *run, Error *err) {
    Workspace *ws = run->pass->ws;
    int count = run->parts + (run->sums ? run->sums->count : 0), errors = run->parts + ws->thread_count;
    if (count < 1) return true;
    run->errors = mem_new((size_t)errors, sizeof *run->errors, err);
    if (!run->errors) return false;
    team_barrier_reset(&ws->barrier);
    if (run->members)
        pool_run_together(ws->pool, run->members, run_piece, run);
    else
        pool_run(ws->pool, count, run_piece, run);
    bool good = true;
    for (int i = 0; i < errors && good; i++) {
        good = run->errors[i].kind == ERROR_NONE;
        if (!good && err) *err = run->errors[i];
    }
    mem_free(run->errors);
    return good;
}

bool pass_run_beside(const Pass *pass, PartTask task, const GradientTasks *sums, Error *err) {
    int threads = pass->ws->thread_count, rows = pass->batch->rows;
    PassRun run = {.pass = pass, .task = task, .parts = !task ? 0 : threads < rows ? threads : rows, .sums = sums};
    return run_all(&run, err);
}

bool pass_run(const Pass *pass, PartTask task, Error *err) { return pass_run_beside(pass, task, NULL, err); }

/* How many threads can share the columns: every member's begin with a whole head and a whole block of packed weights. */
static int team_size(const Pass *pass) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    const PackedLayer *w = &pass->encoder->layers[0];
    int C = config->channels, D = C / config->heads, threads = pool_together(pass->ws->pool);
    const PackedLinear *linear[] = {&w->q, &w->kv, &w->out, &w->up, &w->down};
    if (pass->ws->options.training || TEAM_COLUMNS % D != 0) return 1;
    for (size_t i = 0; i < sizeof linear / sizeof *linear; i++)
        if (packed_column_step(linear[i]->forward) != TEAM_COLUMNS) return 1;
    return threads < C / TEAM_COLUMNS ? threads : C / TEAM_COLUMNS;
}

bool pass_run_together(const Pass *pass, PartTask task, Error *err) {
    if (pass->batch->rows >= pass->ws->thread_count) return pass_run(pass, task, err);
    int members = team_size(pass);
    if (members < 2) return pass_run(pass, task, err);
    PassRun run = {.pass = pass, .task = task, .parts = members, .members = members};
    return run_all(&run, err);
}

/* ---- forward and backward ---- */

static bool forward_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    (void)profile_enter(thread->lane, PROFILE_EMBED);
    bool embedded = embeddings_forward(pass, part, err);
    (void)profile_enter(thread->lane, PROFILE_ROWS);
    if (!embedded || !team_wait(&part->team)) return false;
    for (int l = 0; l < pass->ws->last_layer; l++)
        if (!layer_forward(pass, l, part, thread, err)) return false;
    return true;
}

bool encoder_forward(const Encoder *encoder, Workspace *ws, const Batch *batch, const ForwardOptions *options, Error *err) {
    if (batch->tokens > ws->options.tokens || batch->rows > ws->options.rows)
        return FAIL(err, ERROR_FAILED, "a batch of %d rows and %d tokens, expected at most %d and %d", batch->rows, batch->tokens,
                    ws->options.rows, ws->options.tokens);
    int layers = encoder->weights->config.layers;
    ws->last_layer = options->last_layer > 0 && options->last_layer < layers ? options->last_layer : layers;
    ws->cls_only = options->cls_only;
    Pass pass = {.encoder = encoder, .ws = ws, .batch = batch, .options = options};
    return pass_run_together(&pass, forward_part, err);
}

bool encoder_classify(const Encoder *encoder, Workspace *ws, const Batch *batch, const ForwardOptions *options,
                      const float **logits, Error *err) {
    Pass pass = {.encoder = encoder, .ws = ws, .batch = batch, .options = options};
    *logits = ws->logits;
    return pass_run(&pass, head_forward, err);
}

bool encoder_backward(const Encoder *encoder, Workspace *ws, const Batch *batch, const ForwardOptions *options,
                      const float *logits_gradient, float *gradients, Error *err) {
    Pass pass = {
        .encoder = encoder, .ws = ws, .batch = batch, .options = options, .gradients = gradients, .dlogits = logits_gradient};
    GradientTasks pending = {.count = 0};
    if (!head_backward(&pass, &pending, err)) return false;
    for (pass.layer = ws->last_layer - 1; pass.layer >= ws->options.from_layer; pass.layer--)
        if (!layer_backward(&pass, &pending, err)) return false;
    if (ws->options.from_layer > 0 || ws->options.embeddings_frozen) return pass_run_beside(&pass, NULL, &pending, err);
    return embeddings_backward(&pass, &pending, err);
}
