/* How a library that never prints tells its caller what it is doing, and learns that it should stop. */
#ifndef TWOFOLD_COMMON_OBSERVER_H
#define TWOFOLD_COMMON_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)

typedef struct Observer {
    void *context;
    void (*note)(void *context, const char *sentence); /* one line for the log */
    /* task: what is going on ("features", "epoch 1/2"); detail: more for the end of the line ("loss 0.801"), or "". */
    void (*progress)(void *context, const char *task, int64_t done, int64_t total, const char *unit, const char *detail);
    bool (*stop)(void *context); /* asked between steps: true when the run should save its state and end */
    /* Nobody asks until the next question: what is done meanwhile cannot be stopped, and may be ended with the process. True as `stop` is. */
    bool (*stop_asking)(void *context);
} Observer;

/* All take a NULL observer and missing callbacks. */
void observer_note(const Observer *observer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void observer_progress(const Observer *observer, const char *task, int64_t done, int64_t total, const char *unit,
                       const char *detail);
bool observer_stop(const Observer *observer);
bool observer_stop_asking(const Observer *observer);

#pragma GCC visibility pop
#endif
