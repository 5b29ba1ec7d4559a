/* The table of commands. */
#include <limits.h>
#include <string.h>

#include "cli/command.h"

static const Command COMMANDS[COMMAND_COUNT] = {
    [COMMAND_COMPARE] = {.summary = "both paths and their baselines on the same rows, one report: the main job",
                         .about =
                             "Trains a dummy, a bag of words, a frozen encoder with linear models (path A) and the fine-tuned "
                             "encoder (path B) on identical rows, scores and times them, says which to deploy and how sure that "
                             "is, and writes report.html, report.md, compare.json and a folder for each entry with its model. "
                             "The same command on an unfinished folder goes on, on a finished one shows the result.",
                         .example = "twofold compare --model models/minilm --data emotion/ --output_dir runs/emotion "
                                    "--learning_rate 1e-4 --epochs 2 --batch_size 64",
                         .run = command_compare},
    [COMMAND_REPORT] = {.summary = "render a finished comparison again, or several runs on the same rows as one",
                        .arguments = "RUN…",
                        .arguments_most = MOST_RUNS,
                        .about = "Reads compare.json and the answers that each entry left in its folder, trains nothing and needs no "
                                 "model, and writes the report again. Several runs on the same rows become one comparison: the same "
                                 "statistics over all their entries. Runs on other rows are refused. The data is read from where "
                                 "the run found it; --data says where it is now.",
                        .example = "twofold report runs/minilm runs/mpnet --output_dir runs/both",
                        .run = command_report},
    [COMMAND_EXPLORE] = {.summary = "what a set of texts is like, before anything is trained",
                         .arguments = "[DATA]",
                         .arguments_most = 1,
                         .about = "Prints classes and their shares, lengths in words and characters (and in tokens, with "
                                  "--model), texts that stand twice, texts with several labels, and test texts that also stand "
                                  "in train. DATA is what --data is; nothing is cut and nothing written.",
                         .example = "twofold explore emotion/ --model models/minilm",
                         .run = command_explore},
    [COMMAND_TOKENIZE] = {.summary = "show the tokens and ids of texts, or turn ids back into text",
                          .arguments = "[TEXT…]",
                          .arguments_most = INT_MAX,
                          .about = "Prints every token of a text above its id, as the model's tokenizer cuts it, or with --json "
                                   "one line a text: {\"ids\": [...], \"tokens\": [...]}. Nothing is truncated. Bytes that are "
                                   "not UTF-8 are replaced by U+FFFD and counted on standard error.",
                          .example = "twofold tokenize --model models/minilm \"Tokenizing text is a core task of NLP.\"",
                          .silent = true,
                          .run = command_tokenize},
    [COMMAND_FEATURES] =
        {.summary = "an encoder's vectors of texts, as files",
         .about = "Writes one vector a text, in file order and without splitting. One file gives features.npy (float32), "
                  "labels.npy (int64, class ids), ids.csv and features.json; a folder gives train.npy, train_labels.npy, "
                  "train_ids.csv and so on. They are kept in a cache, and used again by the next command that needs the same.",
         .example = "twofold features --model models/minilm --data emotion/ --pooling mean --output_dir features",
         .run = command_features},
    [COMMAND_TRAIN] =
        {.summary = "a linear model on a frozen encoder (path A), or on a bag of words",
         .about =
             "Trains on the training rows, scores validation and test rows, and writes a model folder that predict and evaluate "
             "read, with metrics.json, classification_report.txt, predictions.csv, errors.csv and a model card in it.",
         .example = "twofold train --model models/minilm --data emotion/ --output_dir runs/cls-logreg",
         .run = command_train},
    [COMMAND_FINETUNE] =
        {.summary = "an encoder trained whole, with a classification head (path B)",
         .about = "Trains with the meaning of transformers' Trainer, scores validation and test rows, and writes a model folder "
                  "that predict, evaluate and from_pretrained read, with trainer_state.json, all_results.json, metrics.json, "
                  "predictions.csv, errors.csv, a model card and the checkpoints in it. The same command on the folder of an "
                  "interrupted run goes on where that one stopped.",
         .example = "twofold finetune --model models/minilm --data emotion/ --output_dir runs/finetune --learning_rate 1e-4 "
                    "--epochs 2 --batch_size 64",
         .run = command_finetune},
    [COMMAND_EVALUATE] = {.summary = "how good a model is on other data",
                          .about = "Scores a folder made by train, finetune or compare. One file is read as it stands; of a "
                                   "folder the test rows are scored, or those of validation where it has none.",
                          .example = "twofold evaluate --model runs/cls-logreg --data new.csv --output_dir runs/new",
                          .run = command_evaluate},
    [COMMAND_PREDICT] = {.summary = "the label of a text, of a file's texts, or of lines as they come",
                         .arguments = "[-]",
                         .arguments_most = 1,
                         .about = "Prints one line of JSON a text, in order: id, text, label, score, and the scores of the "
                                  "--top_k likeliest labels. `-` reads standard input and answers each line as it comes. Bytes "
                                  "that are no UTF-8 are replaced, and counted at the end.",
                         .example = "twofold predict --model runs/cls-logreg --text \"i feel so loved today\"",
                         .run = command_predict},
    [COMMAND_CONVERT] = {.summary = "rewrite a BERT encoder as the DistilBERT that computes the same",
                         .about = "The row of token type 0 is added to the position embeddings and the pooler is left out; "
                                  "transformers loads the result as DistilBertModel.",
                         .example = "twofold convert --model models/minilm --to distilbert --output_dir models/minilm-distilbert",
                         .run = command_convert},
    [COMMAND_QUANTIZE] = {.summary = "rewrite a model with its layers as int8, a quarter of their size",
                          .about = "The matrices of the encoder's layers become 8-bit steps with a scale for each output channel. With --data it says the "
                                   "accuracy and how often the label is that of float32 (for an encoder alone: how far hidden states are); "
                                   "without, how far hidden states of built-in sentences are. `--dtype int8` on the folder gives the same bits as on "
                                   "the one it was made from.",
                          .example = "twofold quantize --model runs/emotion/finetune/model --data emotion/test.csv --output_dir models/emotion-int8",
                          .run = command_quantize},
    [COMMAND_DOCTOR] = {.summary = "whether this machine computes rightly, and how fast",
                        .about = "Prints the processor and its instruction sets, the libraries and their versions, threads and memory; "
                                 "then checks products, kernels, threads and files against slow and sure ways, and measures the "
                                 "rate of matrix products beside the most that the cores can do. Takes a few seconds. Exit "
                                 "status 0: everything is as it should be; 1: the sentence says what is not.",
                        .example = "twofold doctor",
                        .silent = true,
                        .run = command_doctor},
    [COMMAND_HELP] = {.summary = "this overview, or the flags of one command",
                      .arguments = "[COMMAND]",
                      .arguments_most = 1,
                      .about = "Prints what `twofold --help` and `twofold COMMAND --help` print, or the same as a man page. Completion "
                               "for all commands in this shell: `source <(twofold help --output_format bash)`.",
                      .example = "twofold help train",
                      .silent = true,
                      .run = command_help},
};

const Command *command_get(CommandId id) { return &COMMANDS[id]; }

const char *command_name(CommandId id) { return settings_table()->commands[id]; }

CommandId command_find(const char *name) {
    CommandId id = 0;
    while (id < COMMAND_COUNT && strcmp(command_name(id), name) != 0) id++;
    return id;
}
