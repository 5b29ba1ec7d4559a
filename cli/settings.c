#include "cli/settings.h"

#include "compare/label_audit.h"
#include "encoder/sweep.h"

static const char *const COMMAND_NAMES[COMMAND_COUNT] = {
    [COMMAND_COMPARE] = "compare",   [COMMAND_REPORT] = "report",   [COMMAND_EXPLORE] = "explore", [COMMAND_TOKENIZE] = "tokenize",
    [COMMAND_FEATURES] = "features", [COMMAND_TRAIN] = "train",     [COMMAND_FINETUNE] = "finetune",
    [COMMAND_EVALUATE] = "evaluate", [COMMAND_PREDICT] = "predict", [COMMAND_CONVERT] = "convert",
    [COMMAND_QUANTIZE] = "quantize",
    [COMMAND_DOCTOR] = "doctor",     [COMMAND_HELP] = "help",
};

Settings settings_defaults(void) {
    return (Settings){
        .data = DATA_DEFAULTS,
        .extract = EXTRACT_DEFAULTS,
        .map = MAP_DEFAULTS,
        .maps = true,
        .tfidf = TFIDF_DEFAULTS,
        .classifier = CLASSIFIER_DEFAULTS,
        .finetune = FINETUNE_DEFAULTS,
        .max_batch_tokens = SWEEP_TOKENS,
        .seeds = 1,
        .prices = PRICE_DEFAULTS,
        .top_k = 1,
        .label_folds = LABEL_FOLDS,
        .tune_budget = 600,
        .seed = 42,
    };
}

void settings_spread_seed(Settings *settings) {
    settings->data.seed = settings->seed;
    settings->classifier.seed = settings->seed;
    settings->finetune.seed = settings->seed;
    settings->map.umap.seed = settings->seed;
}

bool settings_choose_dtype(Settings *settings, CommandId command, Error *err) {
    bool infers = command == COMMAND_FEATURES || command == COMMAND_EVALUATE || command == COMMAND_PREDICT;
    if (settings->dtype == DTYPE_INT8 && !infers)
        return FAIL(err, ERROR_USAGE, "--dtype int8 is for features, evaluate and predict; %s takes float32, bfloat16 or auto",
                    COMMAND_NAMES[command]);
    if (settings->dtype != DTYPE_FLOAT32 && !dtype_resolve(&settings->dtype, err)) return false;
    settings->finetune.dtype = settings->dtype;
    return true;
}

/* Which commands take a row: single ones, and the sets that come again. */
enum {
    COMPARE = 1 << COMMAND_COMPARE,
    REPORT = 1 << COMMAND_REPORT,
    EXPLORE = 1 << COMMAND_EXPLORE,
    TOKENIZE = 1 << COMMAND_TOKENIZE,
    FEATURES = 1 << COMMAND_FEATURES,
    TRAIN = 1 << COMMAND_TRAIN,
    FINETUNE = 1 << COMMAND_FINETUNE,
    EVALUATE = 1 << COMMAND_EVALUATE,
    PREDICT = 1 << COMMAND_PREDICT,
    CONVERT = 1 << COMMAND_CONVERT,
    QUANTIZE = 1 << COMMAND_QUANTIZE,
    DOCTOR = 1 << COMMAND_DOCTOR,
    HELP = 1 << COMMAND_HELP,

    ALL = (1 << COMMAND_COUNT) - 1 - DOCTOR - HELP,
    SPLITTING = COMPARE | TRAIN | FINETUNE,              /* those that cut data into training, validation and test rows */
    READING = SPLITTING | EXPLORE | FEATURES | EVALUATE | QUANTIZE, /* those that read data */
    COLUMNS = READING | PREDICT,                         /* those that need to know where the text stands */
    LINEAR = COMPARE | TRAIN,                            /* those that train linear models */
    TUNING = COMPARE | FINETUNE,                         /* those that fine-tune */
    POOLING = COMPARE | FEATURES | TRAIN,                /* those that make features of an encoder */
    COMPUTING = READING | REPORT | PREDICT | CONVERT | QUANTIZE | DOCTOR /* those that use all cores */
};

#define AT(field) OPTION_AT(Settings, field)

#define DATA .group = "data"
#define MODEL .group = "model"
#define TRAINING .group = "training"
#define TUNED .group = "fine-tuning", .commands = TUNING
#define DECIDING .group = "recommendation", .commands = COMPARE
#define REDECIDING .group = "recommendation", .commands = REPORT, .unset = "as recorded"
#define COSTS .group = "costs", .commands = COMPARE
#define OUTPUT .group = "output"
#define RUNNING .group = "running"
static const Option ROWS[] = {
    {"data", "dataset_name", OPTION_PATH, AT(data.data), .meta = "DATA", DATA, .commands = READING | REPORT,
     .help = "one file, or a folder with train, validation (val, dev) and test: CSV, TSV, JSONL or lines of text;label, plain or "
             ".gz"},
    {"train_file", NULL, OPTION_PATH, AT(data.train_file), DATA, .commands = READING | REPORT, .help = "training rows, instead of --data"},
    {"validation_file", NULL, OPTION_PATH, AT(data.validation_file), DATA, .commands = READING | REPORT,
     .help = "validation rows, instead of --data"},
    {"test_file", NULL, OPTION_PATH, AT(data.test_file), DATA, .commands = READING | REPORT, .help = "test rows, instead of --data"},
    {"text_column", "text_column_name", OPTION_TEXT, AT(data.text_column), .meta = "NAME",
     .unset = "text, sentence, content, review …", DATA, .commands = COLUMNS,
     .help = "the column of texts, by name, or by number from 1 without a header"},
    {"label_column", "label_column_name", OPTION_TEXT, AT(data.label_column), .meta = "NAME",
     .unset = "label, labels, class, category …", DATA, .commands = COLUMNS, .help = "the column of labels"},
    {"slice_column", NULL, OPTION_TEXT, AT(data.slice_column), .meta = "NAME", .unset = "none", DATA, .commands = COMPARE,
     .help = "a column whose values cut the test rows into parts: the report scores each apart"},
    {"label_names", NULL, OPTION_TEXT, AT(data.label_names), .meta = "A,B", .unset = "the labels, sorted", DATA,
     .commands = SPLITTING | EXPLORE | FEATURES,
     .help = "the order of the classes, or the names of integer labels in their order"},
    {"input_format", NULL, OPTION_TEXT, AT(data.input_format), .choices = "auto csv tsv jsonl text_label", DATA,
     .commands = COLUMNS, .help = "what is read"},
    {"encoding", NULL, OPTION_TEXT, AT(data.encoding), .choices = "utf-8 latin1", DATA, .commands = COLUMNS,
     .help = "of the files"},
    {"sep", NULL, OPTION_TEXT, AT(data.sep), .meta = "CHARACTER", .unset = "found in the file", DATA, .commands = COLUMNS,
     .help = "between the columns of CSV, or tab"},
    {"quoting", NULL, OPTION_TEXT, AT(data.quoting), .choices = "minimal none", DATA, .commands = COLUMNS,
     .help = "whether quotes in CSV hold a text together, or are characters like others"},
    {"header", NULL, OPTION_BOOL, AT(data.header), .unset = "found in the file", DATA, .commands = COLUMNS,
     .help = "the first line names the columns"},
    {"no_header", NULL, OPTION_BOOL, AT(data.no_header), .unset = "found in the file", DATA, .commands = COLUMNS,
     .help = "the first line is a row like others"},
    {"names", NULL, OPTION_TEXT, AT(data.names), .meta = "text,label", .unset = "from the header", DATA, .commands = COLUMNS,
     .help = "names for the columns"},
    {"split", NULL, OPTION_TEXT, AT(data.split), .meta = "A,B,C", DATA, .commands = SPLITTING,
     .help = "shares of one file for training, validation and test; equal texts stay on one side"},
    {"drop_rare", NULL, OPTION_BOOL, AT(data.drop_rare), DATA, .commands = SPLITTING,
     .help = "leave out classes too rare to be in every split"},
    {"drop_leaks", NULL, OPTION_TEXT, AT(data.drop_leaks), .choices = "none train near", DATA, .commands = SPLITTING,
     .help = "train: leave out training rows whose text also stands in validation or test, whatever its case, spaces and "
             "punctuation; near: or nearly stands there"},
    {"max_train_samples", NULL, OPTION_INT, AT(data.max_train_samples), OPTION_AT_LEAST(1), .unset = "all", DATA,
     .commands = SPLITTING, .help = "training rows used, drawn by class shares"},
    {"max_eval_samples", NULL, OPTION_INT, AT(data.max_eval_samples), OPTION_AT_LEAST(1), .unset = "all", DATA,
     .commands = SPLITTING, .help = "validation rows used"},
    {"max_predict_samples", NULL, OPTION_INT, AT(data.max_predict_samples), OPTION_AT_LEAST(1), .unset = "all", DATA,
     .commands = SPLITTING, .help = "test rows used"},

    {"model", "model_name_or_path model_name", OPTION_PATH, AT(model), .meta = "DIR", MODEL, .commands = ALL & ~(COMPARE | REPORT),
     .needed = ALL & ~(COMPARE | REPORT | EXPLORE | TRAIN | TOKENIZE),
     .help = "a model's folder as Hugging Face writes it, or its name in the Hugging Face cache"},
    {"model", "model_name_or_path model_name", OPTION_EACH, AT(models), .meta = "DIR", MODEL, .commands = COMPARE,
     .help = "the encoder: a model's folder as Hugging Face writes it, or its name in the Hugging Face cache; and again as "
             "NAME=DIR, each time a saved model of train, finetune or compare enters the comparison"},
    {"max_length", "max_seq_length", OPTION_INT, AT(max_length), OPTION_BETWEEN(2, 1 << 20),
     .unset = "as long as the model allows", MODEL, .commands = EXPLORE | POOLING | TUNING | EVALUATE | PREDICT | QUANTIZE,
     .help = "tokens in a text, [CLS] and [SEP] included; what is longer is cut"},
    {"dtype", NULL, OPTION_CHOICE, AT(dtype), .choices = "float32 bfloat16 int8 auto", MODEL,
     .commands = POOLING | TUNING | EVALUATE | PREDICT,
     .help =
         "of the encoder's products: bfloat16 needs AVX512-BF16 or AMX, int8 (features, evaluate, predict) AVX512-VNNI; auto is "
         "bfloat16 where the processor has it"},
    {"pooling", NULL, OPTION_CHOICE, AT(extract.pooling), .choices = "cls mean max", MODEL, .commands = POOLING,
     .help = "one vector of a text's hidden states: that of [CLS], their mean, or the greatest of each channel"},
    {"layer", NULL, OPTION_INT, AT(extract.layer), MODEL, .commands = POOLING,
     .help = "whose hidden states: 0 the embeddings, 1 the first layer, -1 the last"},
    {"normalize", NULL, OPTION_BOOL, AT(extract.normalize), MODEL, .commands = POOLING, .help = "vectors of length 1"},
    {"cascade", NULL, OPTION_PATH, AT(cascade), .meta = "DIR", .unset = "--model answers all", MODEL, .commands = PREDICT | EVALUATE,
     .help = "a cheaper model that answers the texts it is sure of; --model answers the others"},
    {"threshold", NULL, OPTION_FLOAT, AT(threshold), OPTION_AT_LEAST(0), .unset = "needed with --cascade", MODEL,
     .commands = PREDICT | EVALUATE, .help = "how sure --cascade must be: the probability of its answer"},

    {"map", NULL, OPTION_CHOICE, AT(map.method), .choices = "none pca umap", .group = "maps", .commands = FEATURES,
     .help = "write every text's place in a plane instead of its vector: along the two principal components, or by UMAP"},
    {"maps", NULL, OPTION_BOOL, AT(maps), .group = "maps", .commands = COMPARE,
     .help = "draw the test texts as the frozen and the fine-tuned encoder see them"},
    {"n_neighbors", NULL, OPTION_INT, AT(map.umap.n_neighbors), OPTION_BETWEEN(2, 1000), .group = "maps", .commands = FEATURES | COMPARE,
     .help = "of UMAP, as umap-learn has it: rows, itself included, that a row's place is made from; few show detail, many the "
             "whole"},
    {"min_dist", NULL, OPTION_FLOAT, AT(map.umap.min_dist), OPTION_BETWEEN(0, 1), .group = "maps", .commands = FEATURES | COMPARE,
     .help = "of UMAP: how close points may come"},
    {"metric", NULL, OPTION_CHOICE, AT(map.umap.metric), .choices = "cosine euclidean", .group = "maps", .commands = FEATURES | COMPARE,
     .help = "of UMAP: what makes vectors near"},
    {"map_scale", NULL, OPTION_CHOICE, AT(map.scale), .choices = "none minmax", .group = "maps", .commands = FEATURES | COMPARE,
     .help = "minmax: every channel from 0 to 1 before a map is made"},
    {"map_rows", NULL, OPTION_INT, AT(map.most_rows), OPTION_AT_LEAST(16), .group = "maps", .commands = FEATURES,
     .help = "rows that UMAP learns a map from, drawn by the seed; others are put where their neighbours are"},

    {"features", NULL, OPTION_CHOICE, AT(features), .choices = "encoder tfidf", TRAINING, .commands = TRAIN,
     .help = "what the classifier reads: a frozen encoder's vectors, or a bag of words (which needs no --model)"},
    {"classifier", NULL, OPTION_CHOICE, AT(classifier.classifier), .choices = "logreg svm dummy", TRAINING, .commands = LINEAR,
     .help = "logistic regression, linear SVM, or one that looks at no text"},
    {"solver", NULL, OPTION_CHOICE, AT(classifier.solver), .choices = "liblinear lbfgs", TRAINING, .commands = LINEAR,
     .help = "of logistic regression: one-vs-rest, or multinomial as scikit-learn has it"},
    {"C", NULL, OPTION_FLOAT, AT(classifier.C), OPTION_ABOVE(0), .word = "auto", TRAINING, .commands = LINEAR,
     .help = "inverse strength of regularisation; auto, and --features tfidf unless it is given: the best of 1, 10, 100 on the "
             "validation rows"},
    {"class_weight", NULL, OPTION_CHOICE, AT(classifier.balanced), .choices = "none balanced", TRAINING,
     .commands = LINEAR | TUNING, .help = "balanced: rare classes count more"},
    {"tolerance", "tol", OPTION_FLOAT, AT(classifier.tolerance), OPTION_ABOVE(0), TRAINING, .commands = LINEAR,
     .help = "where the solver stops, in its own measure"},
    {"max_iterations", "max_iter", OPTION_INT, AT(classifier.max_iterations), OPTION_AT_LEAST(1), TRAINING, .commands = LINEAR,
     .help = "of lbfgs"},
    {"strategy", NULL, OPTION_CHOICE, AT(classifier.strategy), .choices = "most_frequent prior stratified uniform", TRAINING,
     .commands = LINEAR, .help = "of the dummy, as in scikit-learn"},
    {"ngram_min", NULL, OPTION_INT, AT(tfidf.min_n), OPTION_BETWEEN(1, TFIDF_MAX_N), TRAINING, .commands = LINEAR,
     .help = "words in a term of the bag, at least"},
    {"ngram_max", NULL, OPTION_INT, AT(tfidf.max_n), OPTION_BETWEEN(1, TFIDF_MAX_N), TRAINING, .commands = LINEAR,
     .help = "words in a term of the bag, at most"},
    {"lowercase", NULL, OPTION_BOOL, AT(tfidf.lowercase), TRAINING, .commands = LINEAR, .help = "for the bag of words"},
    {"sublinear_tf", NULL, OPTION_BOOL, AT(tfidf.sublinear), TRAINING, .commands = LINEAR,
     .help = "1 + ln(count) instead of the count"},
    {"min_df", NULL, OPTION_FLOAT, AT(tfidf.min_df), OPTION_AT_LEAST(0), TRAINING, .commands = LINEAR,
     .help = "training texts a term stands in at least; below 1 a share of them"},
    {"max_df", NULL, OPTION_FLOAT, AT(tfidf.max_df), OPTION_ABOVE(0), TRAINING, .commands = LINEAR,
     .help = "training texts a term stands in at most; up to 1 a share of them"},
    {"max_features", NULL, OPTION_INT, AT(tfidf.max_features), OPTION_AT_LEAST(1), .unset = "all", TRAINING, .commands = LINEAR,
     .help = "terms kept, the most frequent"},
    {"learning_rate", "lr", OPTION_FLOAT, AT(finetune.learning_rate), OPTION_ABOVE(0), TUNED,
     .help = "the highest, before it falls"},
    {"num_train_epochs", "epochs", OPTION_FLOAT, AT(finetune.num_train_epochs), OPTION_ABOVE(0), TUNED,
     .help = "times every training row is seen"},
    {"max_steps", NULL, OPTION_INT, AT(finetune.max_steps), OPTION_AT_LEAST(-1), TUNED,
     .help = "steps of the optimiser instead; -1: as many as the epochs take"},
    {"per_device_train_batch_size", "batch_size train_batch_size", OPTION_INT, AT(finetune.per_device_train_batch_size),
     OPTION_AT_LEAST(1), TUNED, .help = "rows of a batch"},
    {"gradient_accumulation_steps", NULL, OPTION_INT, AT(finetune.gradient_accumulation_steps), OPTION_AT_LEAST(1), TUNED,
     .help = "batches of a step"},
    {"weight_decay", NULL, OPTION_FLOAT, AT(finetune.weight_decay), OPTION_AT_LEAST(0), TUNED,
     .help = "AdamW's, on everything but biases and norms"},
    {"adam_beta1", NULL, OPTION_FLOAT, AT(finetune.adam_beta1), OPTION_FROM_BELOW(0, 1), TUNED, .help = "of AdamW"},
    {"adam_beta2", NULL, OPTION_FLOAT, AT(finetune.adam_beta2), OPTION_FROM_BELOW(0, 1), TUNED, .help = "of AdamW"},
    {"adam_epsilon", NULL, OPTION_FLOAT, AT(finetune.adam_epsilon), OPTION_ABOVE(0), TUNED, .help = "of AdamW"},
    {"max_grad_norm", NULL, OPTION_FLOAT, AT(finetune.max_grad_norm), OPTION_AT_LEAST(0), TUNED,
     .help = "gradients are clipped to it; 0: not at all"},
    {"lr_scheduler_type", NULL, OPTION_CHOICE, AT(finetune.lr_scheduler_type),
     .choices = "linear cosine constant constant_with_warmup", TUNED, .help = "how the learning rate falls"},
    {"warmup_steps", NULL, OPTION_FLOAT, AT(finetune.warmup_steps), OPTION_AT_LEAST(0), TUNED,
     .help = "steps in which the rate rises; below 1 a share of all"},
    {"warmup_ratio", NULL, OPTION_FLOAT, AT(finetune.warmup_ratio), OPTION_FROM_BELOW(0, 1), TUNED,
     .help = "the same as a share of all steps"},
    {"label_smoothing_factor", NULL, OPTION_FLOAT, AT(finetune.label_smoothing_factor), OPTION_FROM_BELOW(0, 1), TUNED,
     .help = "0: none"},
    {"freeze_layers", NULL, OPTION_INT, AT(finetune.freeze_layers), OPTION_AT_LEAST(0), TUNED,
     .help = "the embeddings and so many of the lowest layers keep their weights"},
    {"eval_strategy", "evaluation_strategy", OPTION_CHOICE, AT(finetune.eval_strategy), .choices = "no steps epoch", TUNED,
     .help = "when the validation rows are scored"},
    {"eval_steps", NULL, OPTION_FLOAT, AT(finetune.eval_steps), OPTION_AT_LEAST(0), TUNED,
     .help = "steps between; 0: --logging_steps; below 1 a share of all"},
    {"save_strategy", NULL, OPTION_CHOICE, AT(finetune.save_strategy), .choices = "no steps epoch", TUNED,
     .help = "when a checkpoint is written"},
    {"save_steps", NULL, OPTION_FLOAT, AT(finetune.save_steps), OPTION_ABOVE(0), TUNED, .help = "steps between"},
    {"save_total_limit", NULL, OPTION_INT, AT(finetune.save_total_limit), OPTION_AT_LEAST(0), TUNED,
     .help = "checkpoints kept; the best and the last always are; 0: all"},
    {"logging_steps", NULL, OPTION_FLOAT, AT(finetune.logging_steps), OPTION_ABOVE(0), TUNED,
     .help = "steps between two entries of the log"},
    {"logging_first_step", NULL, OPTION_BOOL, AT(finetune.logging_first_step), TUNED, .help = "log the first step too"},
    {"per_device_eval_batch_size", "eval_batch_size", OPTION_INT, AT(finetune.per_device_eval_batch_size), OPTION_AT_LEAST(1),
     TUNED, .help = "only counts evaluation steps: rows are packed by their tokens"},
    {"load_best_model_at_end", NULL, OPTION_BOOL, AT(finetune.load_best_model_at_end), TUNED,
     .help = "the best evaluated weights, not the last"},
    {"metric_for_best_model", NULL, OPTION_TEXT, AT(finetune.metric_for_best_model), TUNED,
     .help = "accuracy, f1_macro, loss … on the validation rows"},
    {"greater_is_better", NULL, OPTION_CHOICE, AT(finetune.greater_is_better), .choices = "auto true false", TUNED,
     .help = "of that metric"},
    {"early_stopping_patience", NULL, OPTION_INT, AT(finetune.early_stopping_patience), OPTION_AT_LEAST(0), TUNED,
     .help = "stop after so many evaluations without a better one; 0: never"},
    {"early_stopping_threshold", NULL, OPTION_FLOAT, AT(finetune.early_stopping_threshold), OPTION_AT_LEAST(0), TUNED,
     .help = "better by more than this"},
    {"resume_from_checkpoint", NULL, OPTION_PATH, AT(finetune.resume_from_checkpoint), .unset = "the newest of this run",
     .group = "fine-tuning", .commands = FINETUNE, .help = "a checkpoint's folder to go on from, or none to begin anew"},

    {"entries", NULL, OPTION_LIST, AT(entries), .meta = "A,B", .unset = "dummy,tfidf-logreg,cls-logreg,mean-logreg,finetune",
     .group = "entries", .commands = COMPARE, .help = "which of these are compared"},
    {"entry", NULL, OPTION_EACH, AT(entry), .meta = "NAME=KIND:flag=value,…", .group = "entries", .commands = COMPARE,
     .help = "one with settings of its own; KIND is one of the above, or tfidf, encoder; may be given several times"},
    {"learning_curve", NULL, OPTION_TEXT, AT(learning_curve), .meta = "SHARES", .unset = "none", .group = "entries", .commands = COMPARE,
     .help = "train every entry on these parts of the training rows too, as in 0.1,0.25,0.5,1, and say what more labels would bring"},
    {"tune", NULL, OPTION_CHOICE, AT(tune), .choices = "none quick", .group = "entries", .commands = COMPARE,
     .help = "quick: choose on the validation rows, before training, n-grams and C of tfidf-logreg, pooling, layer and C of one more entry "
             "of path A, tuned-logreg, and learning rate and epochs of finetune"},
    {"tune_budget", NULL, OPTION_FLOAT, AT(tune_budget), .meta = "SECONDS", OPTION_ABOVE(0), .group = "entries", .commands = COMPARE,
     .help = "what choosing for finetune may take, about; one timed step turns it into a fixed plan"},
    {"tune_plan", NULL, OPTION_PATH, AT(tune_plan), .meta = "FILE", .unset = "made by timing a step", .group = "entries",
     .commands = COMPARE, .help = "the tune.json of another run, to try the very same"},
    {"predictions", NULL, OPTION_EACH, AT(predictions), .meta = "NAME=FILE", .group = "entries", .commands = COMPARE,
     .help = "another system's answers as CSV: predicted, id (file:line) or one line a test row, prob_LABEL for each class or none; "
             "may be given several times"},
    {"cascade_loss", NULL, OPTION_FLOAT, AT(cascade_loss), OPTION_FROM_BELOW(0, 1), .group = "entries", .commands = COMPARE,
     .help = "accuracy on the validation rows that a cascade may lose against its second entry alone, when its threshold is chosen"},

    {"seeds", NULL, OPTION_INT, AT(seeds), OPTION_BETWEEN(1, 100), .group = "fine-tuning", .commands = COMPARE,
     .help = "times fine-tuning is run, with --seed and the numbers that follow: how much of its score is luck"},
    {"min_gain", NULL, OPTION_FLOAT, AT(limits.min_gain), OPTION_FROM_BELOW(0, 1), DECIDING,
     .help = "test accuracy that a dearer kind of entry must gain over a cheaper one to be recommended: 0.01 is a point"},
    {"max_latency_ms", NULL, OPTION_FLOAT, AT(limits.max_latency_ms), OPTION_ABOVE(0), .unset = "no limit", DECIDING,
     .help = "recommend no entry that takes longer for a text alone (95th percentile, as measured in this run)"},
    {"max_memory_mb", NULL, OPTION_FLOAT, AT(limits.max_memory_mb), OPTION_ABOVE(0), .unset = "no limit", DECIDING,
     .help = "recommend no entry whose peak memory in this run was higher"},
    {"max_model_mb", NULL, OPTION_FLOAT, AT(limits.max_model_mb), OPTION_ABOVE(0), .unset = "no limit", DECIDING,
     .help = "recommend no entry whose files are larger"},
    {"min_gain", NULL, OPTION_FLOAT, AT(limits.min_gain), OPTION_FROM_BELOW(0, 1), REDECIDING,
     .help = "test accuracy that a dearer kind of entry must gain over a cheaper one to be recommended: 0.01 is a point"},
    {"max_latency_ms", NULL, OPTION_FLOAT, AT(limits.max_latency_ms), OPTION_ABOVE(0), REDECIDING,
     .help = "recommend no entry that takes longer for a text alone (95th percentile, as measured in its run)"},
    {"max_memory_mb", NULL, OPTION_FLOAT, AT(limits.max_memory_mb), OPTION_ABOVE(0), REDECIDING,
     .help = "recommend no entry whose peak memory in its run was higher"},
    {"max_model_mb", NULL, OPTION_FLOAT, AT(limits.max_model_mb), OPTION_ABOVE(0), REDECIDING,
     .help = "recommend no entry whose files are larger"},
    {"cost_per_cpu_hour", NULL, OPTION_FLOAT, AT(prices.cost_per_cpu_hour), OPTION_AT_LEAST(0), COSTS,
     .help = "of one core, in any currency: for the cost of a million texts and the break-even in the report"},
    {"cost_per_error", NULL, OPTION_FLOAT, AT(prices.cost_per_error), OPTION_AT_LEAST(0), COSTS,
     .help = "of one wrong answer, in the same currency"},
    {"cost_per_point", NULL, OPTION_FLOAT, AT(prices.cost_per_point), OPTION_AT_LEAST(0), COSTS,
     .help = "of lacking one point (0.01) of accuracy for a day, however many texts come"},
    {"retrain_days", NULL, OPTION_FLOAT, AT(prices.retrain_days), OPTION_ABOVE(0), COSTS,
     .help = "days over which a training is paid off"},

    {"label_folds", NULL, OPTION_INT, AT(label_folds), OPTION_BETWEEN(0, 100), TRAINING, .commands = COMPARE | EXPLORE,
     .help = "label errors are looked for by path A with --model: each part of the training rows is judged by a model of the others; "
             "into so many parts; below 2: not looked for"},
    {"seed", NULL, OPTION_INT, AT(seed), OPTION_BETWEEN(0, 9007199254740992), TRAINING, .commands = SPLITTING | FEATURES,
     .help = "of everything that is drawn by chance"},

    {"level", NULL, OPTION_CHOICE, AT(level), .choices = "wordpiece word char", OUTPUT, .commands = TOKENIZE,
     .help =
         "pieces of words with the model's ids; or whole words, or characters, numbered within the text (these need no --model)"},
    {"file", NULL, OPTION_PATH, AT(file), OUTPUT, .commands = TOKENIZE, .help = "texts, one a line; - reads standard input"},
    {"decode", NULL, OPTION_BOOL, AT(decode), OUTPUT, .commands = TOKENIZE,
     .help = "the other way: ids (101 7592 102, or lines of --json) to text"},
    {"skip_special_tokens", NULL, OPTION_BOOL, AT(skip_special_tokens), OUTPUT, .commands = TOKENIZE,
     .help = "decode without [CLS], [SEP] and their like"},
    {"text", NULL, OPTION_TEXT, AT(text), OUTPUT, .commands = PREDICT, .help = "the text to answer"},
    {"file", NULL, OPTION_PATH, AT(file), OUTPUT, .commands = PREDICT,
     .help = "texts to answer: one a line, or the text column of .csv, .tsv and .jsonl"},
    {"top_k", NULL, OPTION_INT, AT(top_k), OPTION_AT_LEAST(1), OUTPUT, .commands = PREDICT,
     .help = "labels shown for a text, the likeliest first"},
    {"calibrated", NULL, OPTION_BOOL, AT(calibrated), OUTPUT, .commands = PREDICT | EVALUATE,
     .help = "probabilities at the temperature that was fitted on the validation rows; the labels stay the same"},
    {"output_format", NULL, OPTION_CHOICE, AT(answer_format), .choices = "jsonl csv", OUTPUT, .commands = PREDICT,
     .help = "what is written"},
    {"output_format", NULL, OPTION_CHOICE, AT(feature_format), .choices = "npy libsvm csv", OUTPUT, .commands = FEATURES,
     .help = "what is written"},
    {"output_format", NULL, OPTION_CHOICE, AT(help_format), .choices = "text man bash", OUTPUT, .commands = HELP,
     .help = "text to read, the source of a man page, or bash's completion of every command"},
    {"to", NULL, OPTION_CHOICE, AT(to), .choices = "distilbert", OUTPUT, .commands = CONVERT, .needed = CONVERT,
     .help = "rewrite a BERT encoder as the DistilBERT that computes the same"},
    {"output_dir", NULL, OPTION_PATH, AT(output_dir), .meta = "DIR", OUTPUT,
     .commands = COMPARE | FEATURES | TRAIN | FINETUNE | CONVERT | QUANTIZE,
     .needed = COMPARE | FEATURES | TRAIN | FINETUNE | CONVERT | QUANTIZE,
     .help = "where the files go; made when it is not there"},
    {"output_dir", NULL, OPTION_PATH, AT(output_dir), .meta = "DIR", .unset = "of one run its own folder", OUTPUT, .commands = REPORT,
     .help = "where the report goes"},
    {"output_dir", NULL, OPTION_PATH, AT(output_dir), .meta = "DIR", .unset = "nothing is written", OUTPUT, .commands = EXPLORE,
     .help = "where audit.csv goes"},
    {"output_dir", NULL, OPTION_PATH, AT(output_dir), .meta = "DIR", .unset = "nothing is written", OUTPUT, .commands = EVALUATE,
     .help = "where metrics.json, classification_report.txt, predictions.csv and errors.csv go"},
    {"overwrite_output_dir", NULL, OPTION_BOOL, AT(overwrite_output_dir), OUTPUT,
     .commands = COMPARE | REPORT | TRAIN | FINETUNE | CONVERT | QUANTIZE, .help = "write into a folder that holds something else"},
    {"json", NULL, OPTION_BOOL, AT(json), OUTPUT, .commands = COMPARE | REPORT | EXPLORE | TOKENIZE | TRAIN | FINETUNE | EVALUATE | DOCTOR,
     .help = "the result as JSON on standard output"},

    {"num_threads", NULL, OPTION_INT, AT(num_threads), OPTION_BETWEEN(1, 4096), .unset = "the cores this process may use",
     RUNNING, .commands = COMPUTING, .help = "threads; the results do not depend on them"},
    {"max_batch_tokens", NULL, OPTION_INT, AT(max_batch_tokens), OPTION_BETWEEN(1, SWEEP_TOKENS_MOST), RUNNING,
     .commands = POOLING | TUNING | EVALUATE | PREDICT,
     .help = "tokens that a thread takes through the encoder at once when it does not train, or one text where that alone has more; "
             "the results do not depend on it, memory and speed do"},
    {"cache_dir", NULL, OPTION_PATH, AT(cache_dir), .meta = "DIR", .unset = "$XDG_CACHE_HOME/twofold or ~/.cache/twofold",
     RUNNING, .commands = POOLING | EXPLORE | DOCTOR, .help = "where features are kept for the next command"},
    {"no_cache", NULL, OPTION_BOOL, AT(no_cache), RUNNING, .commands = POOLING | EXPLORE, .help = "keep no features, and use none"},
    {"profile", NULL, OPTION_BOOL, AT(profile), RUNNING, .commands = (COMPUTING & ~(CONVERT | DOCTOR)) | TOKENIZE,
     .help = "say at the end where the time of all threads went, in shares and GFLOP/s"},
    {"quiet", NULL, OPTION_BOOL, AT(quiet), RUNNING, .commands = ALL, .help = "errors only on standard error"},
};

const OptionTable *settings_table(void) {
    static const OptionTable table = {"twofold", ROWS, sizeof ROWS / sizeof *ROWS, COMMAND_NAMES, COMMAND_COUNT};
    return &table;
}
