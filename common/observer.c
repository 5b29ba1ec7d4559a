#include "common/observer.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void observer_note(const Observer *observer, const char *format, ...) {
    if (!observer || !observer->note) return;
    char sentence[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    observer->note(observer->context, sentence);
}

void observer_progress(const Observer *observer, const char *task, int64_t done, int64_t total, const char *unit,
                       const char *detail) {
    if (observer && observer->progress) observer->progress(observer->context, task, done, total, unit, detail);
}

bool observer_stop(const Observer *observer) { return observer && observer->stop && observer->stop(observer->context); }

bool observer_stop_asking(const Observer *observer) {
    return observer && observer->stop_asking && observer->stop_asking(observer->context);
}
