/* Everything flags can set, and the one table of flags (common/options.h).
 *
 * To add a flag: a field in the plain struct of the room that uses it, its default in that room's X_DEFAULTS, one row in
 * settings.c. To add a command: one line in CommandId, one name and the bits of the rows it takes in settings.c, one row in
 * commands.c, a file cli/NAME.c with its command_NAME(Run *, Error *) declared in command.h. Nothing else knows flags or
 * commands. */
#ifndef TWOFOLD_CLI_SETTINGS_H
#define TWOFOLD_CLI_SETTINGS_H

#include "classifiers/classifier.h"
#include "common/options.h"
#include "compare/comparison.h"
#include "compare/linear_entry.h"
#include "compare/price.h"
#include "datasets/options.h"
#include "encoder/levels.h"
#include "features/extract.h"
#include "features/map.h"
#include "features/tfidf.h"
#include "finetune/options.h"

/* In the order of --help. The number is the command's bit in the table of flags. */
typedef enum CommandId {
    COMMAND_COMPARE,
    COMMAND_REPORT,
    COMMAND_EXPLORE,
    COMMAND_TOKENIZE,
    COMMAND_FEATURES,
    COMMAND_TRAIN,
    COMMAND_FINETUNE,
    COMMAND_EVALUATE,
    COMMAND_PREDICT,
    COMMAND_CONVERT,
    COMMAND_QUANTIZE,
    COMMAND_DOCTOR,
    COMMAND_HELP,
    COMMAND_COUNT
} CommandId;

typedef enum FeatureFormat { FEATURE_FORMAT_NPY, FEATURE_FORMAT_LIBSVM, FEATURE_FORMAT_CSV } FeatureFormat;
typedef enum AnswerFormat { ANSWER_FORMAT_JSONL, ANSWER_FORMAT_CSV } AnswerFormat;
typedef enum HelpFormat { HELP_FORMAT_TEXT, HELP_FORMAT_MAN, HELP_FORMAT_BASH } HelpFormat;
typedef enum ConvertTarget { CONVERT_TO_DISTILBERT } ConvertTarget;

/* Each room's own struct, whole, under the room's name, and what belongs to the program itself. */
typedef struct Settings {
    DataOptions data;
    ExtractOptions extract;
    MapOptions map;
    bool maps; /* compare draws them */
    TfidfOptions tfidf;
    ClassifierOptions classifier;
    FinetuneOptions finetune;

    const char *model;
    int max_length; /* 0: as long as the model allows */
    int max_batch_tokens;
    Dtype dtype;    /* as asked for until settings_choose_dtype */
    const char *output_dir;
    bool overwrite_output_dir;
    const char *cache_dir;
    bool no_cache;
    FeatureSource features;
    FeatureFormat feature_format;
    AnswerFormat answer_format;
    HelpFormat help_format;
    ConvertTarget to;

    Limits limits; /* compare */
    int seeds;
    TextList entries, entry, predictions, models; /* compare */
    const char *learning_curve;
    bool tune;
    double tune_budget;
    const char *tune_plan;

    const char *text, *file; /* texts to answer or tokenize */
    int top_k;
    bool calibrated;     /* predict, evaluate */
    const char *cascade; /* the model that is asked before --model */
    double threshold;    /* it answers from this confidence on */
    Prices prices;       /* compare */
    double cascade_loss; /* compare: accuracy a cascade may lose on the validation rows */

    Level level; /* tokenize */
    bool decode, skip_special_tokens;

    int label_folds; /* of the search for label errors; 0: none */
    uint64_t seed;   /* of everything that has one: settings_spread_seed */
    int num_threads; /* 0: as many as this process may use */
    bool quiet;
    bool profile;
    bool json;
} Settings;

Settings settings_defaults(void);
const OptionTable *settings_table(void);

/* One --seed for all rooms' structs. Called once, after parsing. */
void settings_spread_seed(Settings *settings);
/* What auto means here, and whether processor and command can do what was asked for (ERROR_USAGE). */
MUST_CHECK bool settings_choose_dtype(Settings *settings, CommandId command, Error *err);

#endif
