#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classifiers/classifier.h"
#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/safetensors.h"

static const char FORMAT[] = "twofold classifier";
enum { VERSION = 1 };
static const int64_t SEED_MOST = (int64_t)1 << 53; /* what a JSON number holds exactly */

/* ---- saving ---- */

static void linear_describe(JsonWriter *json, const Classifier *classifier) {
    const LinearModel *model = &classifier->linear;
    json_put_string(json, "solver", classifier_solver_name(classifier->solver));
    json_put_int(json, "channels", model->channels);
    json_put_number(json, "C", model->C);
    json_write_key(json, "class_weight");
    if (model->balanced)
        json_write_string(json, "balanced");
    else
        json_write_null(json);
    json_put_number(json, "tolerance", model->tolerance);
    json_put_bool(json, "converged", model->converged);
    json_put_int(json, "iterations", model->iterations);
    json_put_number(json, "gradient_norm", model->gradient_norm);
    if (!classifier->search.count) return;
    json_write_key(json, "C_search");
    json_begin_object(json);
    json_put_int(json, "folds", classifier->search.folds);
    json_write_key(json, "tried");
    json_begin_array(json);
    for (int i = 0; i < classifier->search.count; i++) {
        json_begin_object(json);
        json_put_number(json, "C", classifier->search.C[i]);
        json_put_number(json, "accuracy", classifier->search.accuracy[i]);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

static bool settings_save(const Classifier *classifier, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/classifier.json", folder)) return false;
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_string(&json, "format", FORMAT);
    json_put_int(&json, "version", VERSION);
    json_put_string(&json, "classifier", classifier_kind_name(classifier->kind));
    json_put_int(&json, "classes", classifier_classes(classifier));
    if (classifier->kind == CLASSIFIER_DUMMY) {
        json_put_string(&json, "strategy", dummy_strategy_name(classifier->dummy.strategy));
        json_put_int(&json, "seed", (int64_t)classifier->dummy.seed);
    } else
        linear_describe(&json, classifier);
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool good = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return good;
}

static bool tensors_save(const Classifier *classifier, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/classifier.safetensors", folder)) return false;
    const LinearModel *model = &classifier->linear;
    StoredTensor linear[] = {
        {.name = "weight",
         .type = TENSOR_F64,
         .dimensions = 2,
         .shape = {model->outputs, model->channels},
         .data = model->weights},
        {.name = "bias", .type = TENSOR_F64, .dimensions = 1, .shape = {model->outputs}, .data = model->bias},
    };
    StoredTensor prior = {.name = "prior",
                          .type = TENSOR_F64,
                          .dimensions = 1,
                          .shape = {classifier->dummy.classes},
                          .data = classifier->dummy.prior};
    return classifier->kind == CLASSIFIER_DUMMY ? safetensors_write(path.text, &prior, 1, err)
                                                : safetensors_write(path.text, linear, 2, err);
}

bool classifier_save(const Classifier *classifier, const char *folder, Error *err) {
    Path liblinear;
    if (classifier->kind == CLASSIFIER_DUMMY && classifier->dummy.seed > (uint64_t)SEED_MOST)
        return FAIL(err, ERROR_USAGE, "seed %llu cannot be stored, expected at most 2^53",
                    (unsigned long long)classifier->dummy.seed);
    return tensors_save(classifier, folder, err) &&
           (classifier->kind == CLASSIFIER_DUMMY || (path_make(&liblinear, err, "%s/liblinear.model", folder) &&
                                                     linear_model_write_liblinear(&classifier->linear, liblinear.text, err))) &&
           settings_save(classifier, folder, err);
}

/* ---- loading ---- */

/* Copies a float64 tensor of the given shape (a second size of -1: one dimension). Every number in it is finite. */
static bool tensor_copy(double *out, const StoredTensor *tensor, int64_t first, int64_t second, Error *err) {
    char found[128];
    tensor_shape_text(found, tensor);
    bool fits = tensor->type == TENSOR_F64 && tensor->dimensions == (second < 0 ? 1 : 2) && tensor->shape[0] == first &&
                (second < 0 || tensor->shape[1] == second);
    if (!fits) {
        char expected[64];
        if (second < 0)
            snprintf(expected, sizeof expected, "[%lld]", (long long)first);
        else
            snprintf(expected, sizeof expected, "[%lld, %lld]", (long long)first, (long long)second);
        return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is %s %s, expected F64 %s", tensor->file, tensor->name,
                    tensor_type_name(tensor->type), found, expected);
    }
    if (tensor->bytes) memcpy(out, tensor->data, tensor->bytes);
    for (size_t i = 0; i < tensor_elements(tensor); i++)
        if (!isfinite(out[i]))
            return FAIL(err, ERROR_MODEL, "%s: tensor '%s' holds a value that is no number", tensor->file, tensor->name);
    return true;
}

static const StoredTensor *tensor_need(const SafeTensors *tensors, const char *name, const char *path, Error *err) {
    const StoredTensor *tensor = safetensors_find(tensors, name);
    if (!tensor) FAIL(err, ERROR_MODEL, "%s: no tensor '%s'", path, name);
    return tensor;
}

/* The shape in the settings is only believed when the tensor, whose bytes are there, has it too: nothing larger than the file is
 * allocated. */
static bool shape_check(const StoredTensor *tensor, int64_t size, const char *what, Error *err) {
    if (tensor->dimensions >= 1 && tensor->shape[0] == size) return true;
    char found[128];
    tensor_shape_text(found, tensor);
    return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is %s, classifier.json asks for %lld %s", tensor->file, tensor->name, found,
                (long long)size, what);
}

static bool dummy_load(Classifier *classifier, const Json *settings, const SafeTensors *tensors, int classes, const char *path,
                       Error *err) {
    Dummy *dummy = &classifier->dummy;
    const char *strategy = json_string_or(json_get(settings, "strategy"), "");
    int64_t seed = json_int_or(json_get(settings, "seed"), -1);
    if (!dummy_strategy_find(strategy, &dummy->strategy) || seed < 0)
        return FAIL(err, ERROR_MODEL,
                    "classifier.json: strategy '%.40s' and seed, expected a dummy's strategy and a number from 0", strategy);
    const StoredTensor *prior = tensor_need(tensors, "prior", path, err);
    if (!prior || !shape_check(prior, classes, "classes", err)) return false;
    dummy->seed = (uint64_t)seed;
    dummy->classes = classes;
    dummy->prior = mem_new((size_t)classes, sizeof *dummy->prior, err);
    if (!dummy->prior || !tensor_copy(dummy->prior, prior, classes, -1, err)) return false;
    double sum = 0;
    for (int k = 0; k < classes; k++) {
        sum += dummy->prior[k];
        if (dummy->prior[k] < 0) sum = (double)INFINITY;
    }
    if (!(fabs(sum - 1) < 1e-6))
        return FAIL(err, ERROR_MODEL, "%s: 'prior' is no distribution, expected shares that sum to 1", path);
    return true;
}

static bool linear_load(Classifier *classifier, const Json *settings, const SafeTensors *tensors, int classes, const char *path,
                        Error *err) {
    const char *solver = json_string_or(json_get(settings, "solver"), "");
    if (!classifier_solver_find(solver, &classifier->solver))
        return FAIL(err, ERROR_MODEL, "classifier.json: solver '%.40s', expected liblinear or lbfgs", solver);
    int64_t channels = json_int_or(json_get(settings, "channels"), -1), outputs = classes == 2 ? 1 : classes;
    const StoredTensor *weight = tensor_need(tensors, "weight", path, err), *bias = tensor_need(tensors, "bias", path, err);
    if (!weight || !bias || !shape_check(weight, outputs, "outputs", err) || !shape_check(bias, outputs, "outputs", err))
        return false;
    if (weight->dimensions != 2 || weight->shape[1] != channels || channels < 0 || channels > INT32_MAX) {
        char found[128];
        tensor_shape_text(found, weight);
        return FAIL(err, ERROR_MODEL, "%s: tensor 'weight' is %s, expected [%lld, %lld]", path, found, (long long)outputs,
                    (long long)channels);
    }
    LinearKind kind = classifier->kind == CLASSIFIER_SVM   ? LINEAR_SVM
                      : classifier->solver == SOLVER_LBFGS ? LINEAR_MULTINOMIAL
                                                           : LINEAR_OVR;
    LinearModel *model = &classifier->linear;
    if (!linear_model_make(model, kind, classes, (int)channels, err)) return false;
    model->C = json_number_or(json_get(settings, "C"), 0);
    model->balanced = strcmp(json_string_or(json_get(settings, "class_weight"), ""), "balanced") == 0;
    model->tolerance = json_number_or(json_get(settings, "tolerance"), 0);
    model->converged = json_bool_or(json_get(settings, "converged"), false);
    model->gradient_norm = json_number_or(json_get(settings, "gradient_norm"), 0);
    int64_t iterations = json_int_or(json_get(settings, "iterations"), 0);
    model->iterations = iterations >= 0 && iterations <= INT32_MAX ? (int)iterations : 0;
    return tensor_copy(model->weights, weight, outputs, channels, err) && tensor_copy(model->bias, bias, outputs, -1, err);
}

static bool parts_load(Classifier *classifier, const Json *settings, const char *settings_path, const char *tensors_path,
                       Error *err) {
    const char *format = json_string_or(json_get(settings, "format"), ""),
               *kind = json_string_or(json_get(settings, "classifier"), "");
    int64_t version = json_int_or(json_get(settings, "version"), -1), classes = json_int_or(json_get(settings, "classes"), -1);
    if (strcmp(format, FORMAT) != 0)
        return FAIL(err, ERROR_MODEL, "%s: format '%.40s', expected '%s'", settings_path, format, FORMAT);
    if (version != VERSION)
        return FAIL(err, ERROR_MODEL, "%s: version %lld, this program reads version %d", settings_path, (long long)version,
                    VERSION);
    if (!classifier_kind_find(kind, &classifier->kind))
        return FAIL(err, ERROR_MODEL, "%s: classifier '%.40s', expected logreg, svm or dummy", settings_path, kind);
    if (classes < (classifier->kind == CLASSIFIER_DUMMY ? 1 : 2) || classes > INT32_MAX)
        return FAIL(err, ERROR_MODEL, "%s: %lld classes, expected two or more", settings_path, (long long)classes);
    SafeTensors tensors = {0};
    bool good =
        safetensors_open(&tensors, tensors_path, err) &&
        (classifier->kind == CLASSIFIER_DUMMY ? dummy_load(classifier, settings, &tensors, (int)classes, tensors_path, err)
                                              : linear_load(classifier, settings, &tensors, (int)classes, tensors_path, err));
    safetensors_close(&tensors);
    return good;
}

bool classifier_load(Classifier *classifier, const char *folder, Error *err) {
    *classifier = (Classifier){0};
    Path settings_path, tensors_path;
    if (!path_make(&settings_path, err, "%s/classifier.json", folder) ||
        !path_make(&tensors_path, err, "%s/classifier.safetensors", folder))
        return false;
    Json *settings = json_parse_file(settings_path.text, ERROR_MODEL, err);
    bool good = settings && parts_load(classifier, settings, settings_path.text, tensors_path.text, err);
    json_free(settings);
    if (!good) classifier_free(classifier);
    return good;
}
