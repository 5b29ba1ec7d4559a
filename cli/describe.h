/* What a command has found, in the log: the same lines whichever command prints them. */
#ifndef TWOFOLD_CLI_DESCRIBE_H
#define TWOFOLD_CLI_DESCRIBE_H

#include "cli/command.h"
#include "compare/text_model.h"
#include "datasets/dataset.h"
#include "encoder/text_encoder.h"

/* data      emotion/  16,000 train · 2,000 validation · 2,000 test · 6 classes (joy 34 % … surprise 4 %)   text;label, UTF-8 */
MUST_CHECK bool describe_data(Run *run, const Dataset *dataset, Error *err);
/* texts     22 tokens on average, 95 % under 46, longest 87; none truncated at 512 */
MUST_CHECK bool describe_tokens(Run *run, const Dataset *dataset, const Tokens *tokens, int max_length, Error *err);
/* model     models/minilm  BERT, 6 layers × 384, 22.7 M parameters */
void describe_encoder(Run *run, const TextEncoder *encoder);
/* machine   AMD EPYC, 2 threads · float32 */
void describe_machine(Run *run);

#endif
