#include "compare/environment.h"

#include <math.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/blas.h"
#include "classifiers/liblinear.h"
#include "common/available.h"
#include "common/clock.h"
#include "common/utf8.h"
#include "compare/figure.h"
#include "compare/fonts.h"
#include "compare/visual_text.h"
#include "datasets/input.h"

void environment_processor(char out[128]) {
    (void)snprintf(out, 128, "unknown processor");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        (void)snprintf(out, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    (void)fclose(file);
}

static void write_machine(JsonWriter *json, const CompareInput *input) {
    char processor[128];
    struct utsname system;
    environment_processor(processor);
    json_begin_object(json);
    json_put_string(json, "processor", processor);
    json_put_string(json, "instruction_set", input->encoder ? encoder_instruction_set(input->encoder->encoder) : NULL);
    json_put_int(json, "threads", pool_threads(input->pool));
    json_put_number(json, "memory_available_mb", memory_available_mb());
    if (uname(&system) == 0) json_put_string(json, "system", system.sysname), json_put_string(json, "release", system.release);
    json_end_object(json);
}

void environment_libraries(LibraryVersion out[LIBRARIES]) {
    char text[32];
    int count = 0;
#define ADD(name_, version_) \
    out[count].name = name_; \
    (void)snprintf(out[count++].version, sizeof out->version, "%s", version_)
    ADD("oneDNN", encoder_library(text));
    ADD("liblinear", liblinear_version_text(text));
    ADD("cJSON", json_library());
    ADD("utf8proc", utf8_library());
    ADD("zlib", input_library());
    ADD("cairo", figure_png_library());
    fonts_library(text);
    ADD("fontconfig", text);
    ADD("FriBidi", visual_text_library());
#undef ADD
    out[count].name = "BLAS";
    blas_library(out[count].version);
}

static void write_libraries(JsonWriter *json) {
    LibraryVersion libraries[LIBRARIES];
    environment_libraries(libraries);
    json_begin_object(json);
    for (int i = 0; i < LIBRARIES; i++) json_put_string(json, libraries[i].name, libraries[i].version);
    json_end_object(json);
}

/* The options were rendered by whoever owns the flags: one JSON object, put in as it is. */
static void write_rendered(JsonWriter *json, const char *key, const char *rendered) {
    json_write_key(json, key);
    buffer_text(json->out, rendered ? rendered : "null");
    json->after_key = false;
}

bool environment_write(const CompareInput *input, const Comparison *comparison, double seconds, Error *err) {
    Path path;
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    json_begin_object(&json);
    json_put_string(&json, "program", "twofold " TWOFOLD_VERSION);
    json_put_string(&json, "command", input->command);
    json_put_string(&json, "data", comparison->data_sha256.text);
    json_put_string(&json, "data_path", input->data);
    json_put_string(&json, "model", input->encoder ? comparison->model.sha256.text : NULL);
    json_put_string(&json, "model_path", input->encoder ? input->encoder->folder.text : NULL);
    json_put_string(&json, "dtype", comparison->dtype);
    json_write_key(&json, "machine");
    write_machine(&json, input);
    json_write_key(&json, "libraries");
    write_libraries(&json);
    write_rendered(&json, "options", input->options_json);
    json_put_number(&json, "wall_s", seconds);
    json_put_number(&json, "cpu_s", isnan(seconds) ? seconds : clock_cpu_s());
    json_end_object(&json);
    buffer_text(&out, "\n");
    bool written = path_make(&path, err, "%s/env.json", input->output_dir) && file_write_buffer(path.text, &out, err);
    buffer_free(&out);
    return written;
}
