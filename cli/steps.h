/* What several commands do at their start: find the model, read the data, check where the output goes. */
#ifndef TWOFOLD_CLI_STEPS_H
#define TWOFOLD_CLI_STEPS_H

#include "cli/command.h"
#include "compare/text_model.h"
#include "datasets/load.h"
#include "encoder/text_encoder.h"

/* The run's observer as dataset_load is given it: a signal while data is read ends the program at once. */
Observer step_reading_observer(const Run *run);

/* Whether the texts of the files that flags name will fit: of a compressed one what it says that it holds. A folder, a pipe and what makes a file larger
 * than it says are met when they are read. ERROR_FAILED. */
MUST_CHECK bool step_check_data(const Run *run, Error *err);

/* Loads and describes; ERROR_USAGE when no flag names data. */
MUST_CHECK bool step_read_data(Run *run, Dataset *dataset, DataUse use, Error *err);

/* --model, found, loaded and described. */
MUST_CHECK bool step_load_encoder(Run *run, TextEncoder *encoder, Error *err);

/* The tokens of all the dataset's rows, described; *seconds (may be NULL) is what encoding took. */
MUST_CHECK bool step_encode(Run *run, const TextEncoder *encoder, const Dataset *dataset, Tokens *tokens, double *seconds,
                            Error *err);

/* The model that answers: --model, or with --cascade two of them; with --calibrated at its temperature, and a line that says so. `found` is --model's
 * folder. */
MUST_CHECK TextModel *step_load_model(Run *run, Path *found, Error *err);

/* "cascade   412 of 1,000 texts were passed on to the second model"; nothing for other models. */
void step_say_passed_on(Run *run, const TextModel *model, int64_t texts);

/* weights_sha256 of the encoder. */
Sha256Hex step_hash_model(const Run *run, const TextEncoder *encoder);

/* --cache_dir and --no_cache. */
FeatureCache step_cache(const Run *run);

/* Makes --output_dir, before anything takes time, and locks it until main ends: ERROR_PATH when another run is at work there.
 * ERROR_USAGE when it is the model's own folder, or holds something else: it is not empty, lacks `mark` and what a run that did
 * not finish leaves, and --overwrite_output_dir was not given. `mark` NULL: anything may be in it. */
MUST_CHECK bool step_make_output(Run *run, const char *mark, Error *err);

#endif
