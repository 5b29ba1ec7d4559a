#include "cli/doctor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/available.h"
#include "common/clock.h"
#include "compare/environment.h"

#if defined(__clang__)
    #define BUILT_WITH __VERSION__
#else
    #define BUILT_WITH "gcc " __VERSION__
#endif

/* What matters to the speed here, as /proc/cpuinfo and people call it. */
static const struct {
    const char *flag, *name;
} INSTRUCTIONS[] = {{"avx2", "AVX2"},         {"fma", "FMA"},           {"avx_vnni", "AVX-VNNI"}, {"avx512f", "AVX-512"},
                    {"avx512_vnni", "VNNI"},  {"avx512_bf16", "BF16"},  {"avx512_fp16", "FP16"},  {"amx_tile", "AMX"},
                    {"amx_bf16", "AMX-BF16"}, {"amx_int8", "AMX-INT8"}, {"asimd", "NEON"},        {"sve", "SVE"}};
enum { INSTRUCTION_SETS = sizeof INSTRUCTIONS / sizeof *INSTRUCTIONS };

typedef struct Machine {
    char processor[128];
    bool has[INSTRUCTION_SETS];
    const char *products, *kernels; /* the sets in use; NULL when oneDNN does not start */
    long cores;
    int threads;
    double memory_mb, free_mb;
    LibraryVersion libraries[LIBRARIES];
} Machine;

/* Marks what the line names as a whole word. */
static void mark_flags(Machine *machine, const char *line) {
    for (int i = 0; i < INSTRUCTION_SETS; i++) {
        size_t size = strlen(INSTRUCTIONS[i].flag);
        for (const char *at = line; (at = strstr(at, INSTRUCTIONS[i].flag)); at += size)
            if (strchr(" \t", at[-1]) && strchr(" \n", at[size])) machine->has[i] = true;
    }
}

static void read_flags(Machine *machine) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    char *line = NULL;
    size_t room = 0;
    while (file && getline(&line, &room, file) > 0)
        if (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0) {
            mark_flags(machine, line);
            break;
        }
    free(line);
    if (file) (void)fclose(file);
}

static Machine look_around(const Run *run) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE); /* -1: cannot be told */
    Machine machine = {.cores = cores > 0 ? cores : 0,
                       .threads = run_threads(run),
                       .memory_mb = pages > 0 && page > 0 ? (double)pages * (double)page / 1e6 : (double)NAN,
                       .free_mb = memory_available_mb()};
    environment_processor(machine.processor);
    environment_libraries(machine.libraries);
    read_flags(&machine);
    if (!self_test_instructions(&machine.products, &machine.kernels, NULL)) machine.products = machine.kernels = NULL;
    return machine;
}

static int count_outcomes(const Checks *checks, CheckOutcome outcome) {
    int count = 0;
    for (int i = 0; i < checks->count; i++) count += checks->list[i].outcome == outcome;
    return count;
}

/* ---- for people ---- */

static void add_rate(Buffer *out, const MatrixRate *rate) {
    if (!(rate->products > 0)) return;
    buffer_printf(out, "rate       float32 %.0f GFLOP/s of at most %.0f (%.0f %%) on %d thread%s\n", rate->products, rate->peak,
                  100 * rate->products / rate->peak, rate->threads, rate->threads == 1 ? "" : "s");
}

static void add_machine(Buffer *out, const Machine *machine) {
    buffer_printf(out, "program    twofold " TWOFOLD_VERSION ", built with " BUILT_WITH "\n");
    buffer_printf(out, "processor  %s", machine->processor);
    if (machine->cores) buffer_printf(out, ", %ld core%s", machine->cores, machine->cores == 1 ? "" : "s");
    buffer_text(out, "\n");
    buffer_text(out, "has       ");
    for (int i = 0; i < INSTRUCTION_SETS; i++)
        if (machine->has[i]) buffer_printf(out, " %s", INSTRUCTIONS[i].name);
    if (machine->products) buffer_printf(out, "; in use: %s for products, %s else", machine->products, machine->kernels);
    buffer_text(out, "\nlibraries ");
    for (int i = 0; i < LIBRARIES; i++)
        buffer_printf(out, "%s %s %s", i ? " ·" : "", machine->libraries[i].name, machine->libraries[i].version);
    buffer_printf(out, "\nthreads    %d%s\n", machine->threads,
                  machine->cores && machine->threads > machine->cores ? ", more than there are cores: slower than fewer" : "");
    bool is_known = machine->memory_mb > 0;
    buffer_text(out, "memory    ");
    if (is_known) buffer_printf(out, " %.1f GB", machine->memory_mb / 1000);
    if (machine->free_mb >= 0) buffer_printf(out, "%s %.1f GB free for this process", is_known ? "," : "", machine->free_mb / 1000);
    buffer_text(out, "\n");
}

static void add_checks(Buffer *out, const Checks *checks) {
    static const char *const words[] = {[CHECK_RIGHT] = "right", [CHECK_NOTE] = "note", [CHECK_WRONG] = "WRONG"};
    add_rate(out, &checks->one);
    if (checks->all.threads > 1) add_rate(out, &checks->all);
    buffer_text(out, "\n");
    for (int i = 0; i < checks->count; i++) {
        const Check *check = &checks->list[i];
        buffer_printf(out, "%-5s  %-9s %s\n", words[check->outcome], check->name, check->says);
    }
    buffer_printf(out, "\n%s\n",
                  count_outcomes(checks, CHECK_WRONG)  ? "Do not rely on results from this machine."
                  : count_outcomes(checks, CHECK_NOTE) ? "Everything works; see what is noted above."
                                                       : "Everything is as it should be.");
}

/* ---- for programs ---- */

static void put_rate(JsonWriter *json, const MatrixRate *rate) {
    json_begin_object(json);
    json_put_string(json, "dtype", "float32");
    json_put_int(json, "threads", rate->threads);
    json_put_number(json, "gflops", rate->products);
    json_put_number(json, "peak_gflops", rate->peak);
    json_end_object(json);
}

static void put_machine(JsonWriter *json, const Machine *machine) {
    json_put_string(json, "built_with", BUILT_WITH);
    json_put_string(json, "processor", machine->processor);
    json_put_int(json, "cores", machine->cores);
    json_put_int(json, "threads", machine->threads);
    json_write_key(json, "instruction_sets");
    json_begin_array(json);
    for (int i = 0; i < INSTRUCTION_SETS; i++)
        if (machine->has[i]) json_write_string(json, INSTRUCTIONS[i].name);
    json_end_array(json);
    json_put_string(json, "instruction_set", machine->products);
    json_put_string(json, "kernels", machine->kernels);
    json_write_key(json, "libraries");
    json_begin_object(json);
    for (int i = 0; i < LIBRARIES; i++) json_put_string(json, machine->libraries[i].name, machine->libraries[i].version);
    json_end_object(json);
    json_put_number(json, "memory_mb", machine->memory_mb);
    json_put_number(json, "memory_available_mb", machine->free_mb);
}

static void put_checks(JsonWriter *json, const Checks *checks) {
    static const char *const words[] = {[CHECK_RIGHT] = "right", [CHECK_NOTE] = "note", [CHECK_WRONG] = "wrong"};
    json_write_key(json, "checks");
    json_begin_array(json);
    for (int i = 0; i < checks->count; i++) {
        json_begin_object(json);
        json_put_string(json, "name", checks->list[i].name);
        json_put_string(json, "outcome", words[checks->list[i].outcome]);
        json_put_string(json, "says", checks->list[i].says);
        json_end_object(json);
    }
    json_end_array(json);
    json_write_key(json, "rates");
    json_begin_array(json);
    put_rate(json, &checks->one);
    if (checks->all.threads > 1) put_rate(json, &checks->all);
    json_end_array(json);
}

static void add_json(Buffer *out, const Machine *machine, const Checks *checks) {
    JsonWriter json = json_writer(out, 2);
    json_begin_object(&json);
    json_put_string(&json, "version", TWOFOLD_VERSION);
    json_put_bool(&json, "healthy", count_outcomes(checks, CHECK_WRONG) == 0);
    put_machine(&json, machine);
    put_checks(&json, checks);
    json_end_object(&json);
    buffer_text(out, "\n");
}

bool command_doctor(Run *run, Error *err) {
    Machine machine = look_around(run);
    Checks checks;
    Buffer out = {0};
    doctor_check(&checks, run);
    if (run->settings.json) {
        add_json(&out, &machine, &checks);
    } else {
        add_machine(&out, &machine);
        add_checks(&out, &checks);
    }
    bool ok = output_add(&out, err) && output_flush(err); /* what was found is said also when it is wrong */
    buffer_free(&out);
    for (int i = 0; ok && i < checks.count; i++)
        if (checks.list[i].outcome == CHECK_WRONG)
            ok = FAIL(err, ERROR_FAILED, "%s: %s", checks.list[i].name, checks.list[i].says);
    return ok;
}
