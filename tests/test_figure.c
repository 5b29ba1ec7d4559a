/* compare/'s figures: well-formed SVG whatever the names are, a PNG of the right size, equal bytes for equal drawings, labels
 * that do not collide, axes that can be read. TWOFOLD_FIGURES=folder also writes every figure there, to be looked at. */
#include "tests/check.h"

#include "common/file.h"
#include "common/random.h"
#include "common/utf8.h"
#include "compare/axis.h"
#include "compare/figure.h"
#include "compare/plot_labels.h"
#include "compare/plots.h"
#include "compare/visual_text.h"

static const char HOSTILE[] = "</text><script>alert(1)</script> & \"quoted\" 'so' \x01\x1b[31m \xE2\x80\xAE turned \xFF\xFE "
                              "\xEF\xBF\xBE ]]> &#0; naïve 大きい 🙂\n\ttwo";

/* ---- a strict reader of the XML that may come out: elements, quoted attributes, text, the five entities ---- */

typedef struct Xml {
    const char *at;
    const char *names[32];
    int lengths[32];
    int depth;
    int elements;
} Xml;

static bool xml_text(Xml *xml, char end) {
    while (*xml->at && *xml->at != end && *xml->at != '<') {
        uint32_t c = 0;
        int length = utf8_decode(xml->at, strnlen(xml->at, 4), &c);
        if (!length || (c < 0x20 && c != '\n') || (c & 0xfffe) == 0xfffe || (c >= 0x202a && c <= 0x202e)) return false;
        if (c == '&') {
            static const char *const ENTITIES[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
            bool known = false;
            for (size_t i = 0; i < 5; i++) known |= !strncmp(xml->at, ENTITIES[i], strlen(ENTITIES[i]));
            if (!known) return false;
        }
        xml->at += length;
    }
    return true;
}

static int xml_name(Xml *xml) {
    int length = 0;
    while ((xml->at[length] >= 'a' && xml->at[length] <= 'z') || (xml->at[length] >= 'A' && xml->at[length] <= 'Z') ||
           xml->at[length] == '-' || (length && xml->at[length] >= '0' && xml->at[length] <= '9'))
        length++;
    return length;
}

static bool xml_attributes(Xml *xml) {
    while (*xml->at == ' ') {
        xml->at++;
        int length = xml_name(xml);
        if (!length || xml->at[length] != '=' || xml->at[length + 1] != '"') return false;
        xml->at += length + 2;
        if (!xml_text(xml, '"') || *xml->at != '"') return false;
        xml->at++;
    }
    return true;
}

static bool xml_close(Xml *xml) {
    int length = xml_name(xml);
    if (!xml->depth || xml->lengths[xml->depth - 1] != length || strncmp(xml->names[xml->depth - 1], xml->at, (size_t)length))
        return false;
    xml->depth--;
    xml->at += length;
    return *xml->at++ == '>';
}

static bool xml_open(Xml *xml) {
    int length = xml_name(xml);
    static const char *const ALLOWED[] = {"svg", "style", "g", "rect", "circle", "polyline", "polygon", "path", "text"};
    bool allowed = false;
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
        allowed |= (size_t)length == strlen(ALLOWED[i]) && !strncmp(ALLOWED[i], xml->at, (size_t)length);
    if (!allowed || xml->depth == 32) return false;
    xml->names[xml->depth] = xml->at;
    xml->lengths[xml->depth] = length;
    xml->at += length;
    xml->elements++;
    if (!xml_attributes(xml)) return false;
    if (xml->at[0] == '/' && xml->at[1] == '>') {
        xml->at += 2;
        return true;
    }
    xml->depth++;
    return *xml->at++ == '>';
}

/* Number of elements, or -1 at the first byte that is not as it should be. */
static int xml_elements(const char *text) {
    Xml xml = {.at = text};
    do {
        if (*xml.at != '<') return -1;
        xml.at++;
        bool closing = *xml.at == '/';
        xml.at += closing;
        if (!(closing ? xml_close(&xml) : xml_open(&xml))) return -1;
        if (!xml_text(&xml, '\0')) return -1;
    } while (*xml.at && xml.depth);
    return *xml.at || xml.depth ? -1 : xml.elements;
}

/* ---- drawing ---- */

static int has_text(const Figure *figure, const char *part) {
    int found = 0;
    size_t size = strlen(part);
    for (size_t at = 0; figure->text.data && at + size <= figure->text.size; at++)
        found += !memcmp(figure->text.data + at, part, size);
    return found;
}

/* Where a text that is not turned stands, by the widths it was laid out with: from its capitals' tops to its base line. */
static Box text_box(const Figure *figure, const Shape *shape, char text[1024]) {
    size_t size = shape->count < 1023 ? shape->count : 1023;
    memcpy(text, figure->text.data + shape->first, size);
    text[size] = '\0';
    double width = text_width(text, shape->text.size, shape->text.bold);
    double x = shape->x - (shape->text.anchor == ANCHOR_START ? 0 : shape->text.anchor == ANCHOR_MIDDLE ? width / 2 : width);
    return (Box){x, shape->y - 0.73 * shape->text.size, width, 0.73 * shape->text.size};
}

static bool is_level_text(const Shape *shape) { return shape->kind == SHAPE_TEXT && !shape->text.turn; }

/* No text leaves the figure, and none covers another. */
static void check_layout(const Figure *figure, const char *name) {
    for (size_t i = 0; i < figure->shape_count; i++) {
        if (!is_level_text(&figure->shapes[i])) continue;
        char text[1024], other[1024];
        Box box = text_box(figure, &figure->shapes[i], text);
        if (box.x < -1 || box.y < -1 || box.x + box.width > figure->width + 1 || box.y + box.height > figure->height - 2)
            fail_msg("%s: '%s' at %g, %g leaves the figure of %g x %g", name, text, box.x, box.y, figure->width, figure->height);
        for (size_t j = 0; j < i; j++) {
            if (!is_level_text(&figure->shapes[j])) continue;
            if (box_overlap(box, text_box(figure, &figure->shapes[j], other)) > 1)
                fail_msg("%s: '%s' covers '%s'", name, text, other);
        }
    }
}

static void save(const char *name, const char *ending, const Buffer *bytes) {
    const char *folder = getenv("TWOFOLD_FIGURES");
    if (!folder) return;
    Error err = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, "%s/%s.%s", folder, name, ending), &err);
    CHECK_OK(file_write_buffer(path.text, bytes, &err), &err);
}

static unsigned png_number(const Buffer *png, size_t at) {
    const unsigned char *b = (const unsigned char *)png->data + at;
    return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

/* All forms of a figure are what they should be; releases it. */
static void check_figure(Figure *figure, const char *name) {
    Error err = {0};
    if (strcmp(name, "hostile")) check_layout(figure, name);
    Buffer alone = {0}, again = {0}, inlined = {0}, png = {0}, second = {0};
    CHECK_OK(figure_write_svg(&alone, figure, FIGURE_ALONE, &err), &err);
    CHECK_OK(figure_write_svg(&again, figure, FIGURE_ALONE, &err), &err);
    CHECK_OK(figure_write_svg(&inlined, figure, FIGURE_INLINE, &err), &err);
    assert_string_equal(alone.data, again.data);
    assert_true(xml_elements(inlined.data) > 1);
    assert_true(xml_elements(alone.data) > xml_elements(inlined.data));
    assert_null(strstr(inlined.data, " id="));
    assert_null(strstr(inlined.data, "nan"));
    CHECK_OK(figure_write_png(&png, figure, 2, &err), &err);
    CHECK_OK(figure_write_png(&second, figure, 2, &err), &err);
    assert_int_equal(png.size, second.size);
    assert_memory_equal(png.data, second.data, png.size);
    assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
    FigureSheet sheet;
    figure_sheet_make(&sheet, figure);
    assert_int_equal(png_number(&png, 16), (unsigned)ceil(2 * sheet.width));
    assert_int_equal(png_number(&png, 20), (unsigned)ceil(2 * sheet.height));
    figure_sheet_free(&sheet);
    save(name, "svg", &alone);
    save(name, "png", &png);
    save(name, "inline.svg", &inlined);
    buffer_free(&alone);
    buffer_free(&again);
    buffer_free(&inlined);
    buffer_free(&png);
    buffer_free(&second);
    figure_free(figure);
}

static void hostile_text_stays_text(void **state) {
    (void)state;
    Error err = {0};
    Figure figure;
    figure_begin(&figure, 300, 60, HOSTILE, HOSTILE);
    figure_text(&figure, 10, 20, (TextStyle){.size = 12}, HOSTILE);
    figure_text_fit(&figure, 10, 40, (TextStyle){.size = 12, .turn = 45, .halo = true}, 120, HOSTILE);
    figure_text(&figure, 10, 40, (TextStyle){.size = 12}, "");
    figure_line(&figure, nan(""), 1e300, -1e300, 0, (Stroke){INK_TEXT, 1, 3, 0});
    Buffer svg = {0};
    CHECK_OK(figure_write_svg(&svg, &figure, FIGURE_INLINE, &err), &err);
    assert_true(xml_elements(svg.data) == 4);
    assert_null(strstr(svg.data, "<script"));
    assert_non_null(strstr(svg.data, "&lt;/text&gt;&lt;script&gt;"));
    assert_non_null(strstr(svg.data, "…</text>"));
    buffer_free(&svg);
    check_figure(&figure, "hostile");
}

static void the_reader_of_xml_is_strict(void **state) {
    (void)state;
    assert_int_equal(xml_elements("<svg><g></g></svg>"), 2);
    assert_int_equal(xml_elements("<svg><g></svg>"), -1);
    assert_int_equal(xml_elements("<svg><text>a & b</text></svg>"), -1);
    assert_int_equal(xml_elements("<svg a=b></svg>"), -1);
    assert_int_equal(xml_elements("<svg><script></script></svg>"), -1);
    assert_int_equal(xml_elements("<svg>\x02</svg>"), -1);
}

static void sizes_are_checked(void **state) {
    (void)state;
    Error err = {0};
    Figure figure;
    figure_begin(&figure, 40000, 10, "too wide", "");
    Buffer png = {0};
    CHECK_FAILS(figure_write_png(&png, &figure, 1, &err), &err, ERROR_FAILED, "expected at most 32767 a side");
    buffer_free(&png);
    figure_free(&figure);
}

static void axes_have_round_ticks(void **state) {
    (void)state;
    static const struct {
        double low, high;
        bool log;
        const char *labels;
    } CASES[] = {
        {0, 1, false, "0.0 0.2 0.4 0.6 0.8 1.0"},
        {0.31, 0.94, false, "0.4 0.6 0.8"},
        {0.9, 0.92, false, "0.900 0.905 0.910 0.915 0.920"},
        {0, 16000, false, "0 5,000 10,000 15,000"},
        {-3, 3, false, "-2 0 2"},
        {5, 5, false, "4.6 4.8 5.0 5.2 5.4"},
        {0.02, 1.5, true, "0.02 0.05 0.1 0.2 0.5 1"},
        {1, 1e6, true, "1 100 10,000 1,000,000"},
        {90, 130, true, "90 100 110 120 130"},
        {0, 0, false, "-1.0 -0.5 0.0 0.5 1.0"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        Axis axis = axis_make(CASES[i].low, CASES[i].high, 0, 100, CASES[i].log ? 4 : 5, CASES[i].log);
        Buffer text = {0};
        for (int t = 0; t < axis.tick_count; t++) {
            char label[32];
            axis_label(label, &axis, axis.ticks[t]);
            buffer_printf(&text, "%s%s", t ? " " : "", label);
        }
        assert_string_equal(text.data, CASES[i].labels);
        buffer_free(&text);
    }
    Axis hopeless = axis_make(nan(""), HUGE_VAL, 0, 100, 5, true);
    assert_true(isfinite(axis_place(&hopeless, 3)));
}

static void labels_keep_their_distance(void **state) {
    (void)state;
    double places[] = {50, 52, 51, 10, 99, 98};
    int order[6];
    labels_spread(places, order, 6, 15, 0, 100);
    for (int i = 1; i < 6; i++) assert_true(places[order[i]] - places[order[i - 1]] > 14.999);
    assert_true(places[order[5]] <= 100.001 && places[order[0]] >= 0);
    CHECK_CLOSE(places[3], 10, 1e-9, 0);
    double crowded[] = {5, 5, 5};
    labels_spread(crowded, order, 3, 20, 0, 30);
    CHECK_CLOSE(crowded[0], 0, 0, 0);
    CHECK_CLOSE(crowded[2], 40, 0, 0); /* more than fits: in order, over the edge */
}

/* ---- plots ---- */

static char *emotions[] = {(char[]){"anger"}, (char[]){"fear"},    (char[]){"joy"},
                           (char[]){"love"},  (char[]){"sadness"}, (char[]){"surprise"}};

static void draw_confusion(Figure *figure, int classes, int rows, double right, char *const *labels, const char *caption) {
    Error err = {0};
    Predictions p;
    CHECK_OK(predictions_make(&p, rows, classes, NULL, false, &err), &err);
    p.truth = mem_new((size_t)rows, sizeof *p.truth, &err);
    assert_non_null(p.truth);
    Random random = random_start(3, STREAM_TEST, 0);
    for (int row = 0; row < rows; row++) {
        double u = random_uniform(&random);
        p.truth[row] = (int32_t)(u * u * classes);
        p.predicted[row] = p.truth[row];
        if (random_uniform(&random) > right)
            p.predicted[row] = (p.truth[row] + 1 + (int32_t)(random_uniform(&random) * random_uniform(&random) * 5)) % classes;
    }
    Confusion confusion;
    CHECK_OK(confusion_make(&confusion, &p, &err), &err);
    CHECK_OK(plot_confusion(figure, (PlotText){"Confusion of cls-logreg on the test rows", caption, 0}, &confusion, labels, &err),
             &err);
    confusion_free(&confusion);
    predictions_free(&p);
}

static void confusion_matrices(void **state) {
    (void)state;
    Figure figure;
    draw_confusion(&figure, 6, 2000, 0.7, emotions, "Love is taken for sadness in one row of four; joy is hardly ever missed.");
    assert_int_equal(has_text(&figure, "sadness"), 2);
    check_figure(&figure, "confusion_6");
    draw_confusion(&figure, 2, 200, 0.9, emotions, "");
    check_figure(&figure, "confusion_2");
    char *many[1200], names[1200][48];
    for (int c = 0; c < 1200; c++) {
        snprintf(names[c], sizeof names[c], c % 7 ? "topic_%d" : "verify_source_of_%d_funds", c);
        many[c] = names[c];
    }
    draw_confusion(&figure, 15, 2300, 0.8, many, "A caption.");
    check_figure(&figure, "confusion_15");
    draw_confusion(&figure, 77, 3080, 0.8, many, "");
    assert_true(has_text(&figure, "topic_76") == 2);
    check_figure(&figure, "confusion_77");
    draw_confusion(&figure, 1200, 20000, 0.8, many, "");
    assert_int_equal(has_text(&figure, "Only the 80 of 1,200 classes that are confused most."), 1);
    check_figure(&figure, "confusion_1200");
    many[3] = (char *)(uintptr_t)HOSTILE;
    draw_confusion(&figure, 5, 200, 0.8, many, HOSTILE);
    check_figure(&figure, "confusion_hostile");
}

static void curves(void **state) {
    (void)state;
    enum { STEPS = 5000 };
    static double step[STEPS], loss[STEPS], smooth[STEPS];
    Random random = random_start(5, STREAM_TEST, 0);
    for (int i = 0; i < STEPS; i++) {
        step[i] = i + 1;
        smooth[i] = 0.2 + 1.5 * exp(-i / 900.0);
        loss[i] = smooth[i] + 0.1 * random_normal(&random);
    }
    loss[10] = nan("");
    Series losses[] = {{"training", step, loss, NULL, NULL, STEPS}, {"validation", step, smooth, NULL, NULL, STEPS}};
    Figure figure;
    plot_curves(&figure, (PlotText){"Loss while fine-tuning", "Validation loss still falls at the end: more epochs may help.", 0},
                &(CurvesPlot){losses, 2, "step", "loss", false});
    check_figure(&figure, "curves_loss");
    double rows[] = {1600, 4000, 8000, 16000};
    double finetune[] = {0.61, 0.83, 0.90, 0.922}, tfidf[] = {0.66, 0.79, 0.85, 0.879}, cls[] = {0.55, 0.60, 0.63, 0.647};
    double mean[] = {0.58, 0.64, 0.67, 0.69}, dummy[] = {0.3475, 0.3475, 0.3475, 0.3475}, low[4], high[4];
    for (int i = 0; i < 4; i++) {
        low[i] = finetune[i] - 0.014;
        high[i] = finetune[i] + 0.012;
    }
    Series learning[] = {{"dummy", rows, dummy, NULL, NULL, 4},      {"tfidf-logreg", rows, tfidf, NULL, NULL, 4},
                         {"cls-logreg", rows, cls, NULL, NULL, 4},   {"mean-logreg", rows, mean, NULL, NULL, 4},
                         {"finetune", rows, finetune, low, high, 4}, {HOSTILE, rows, mean, NULL, NULL, 3}};
    for (int narrow = 0; narrow < 2; narrow++) {
        plot_curves(&figure,
                    (PlotText){"Accuracy by rows of training data", "Fine-tuning passes the bag of words at about 3,000 rows.",
                               narrow ? 380 : 0},
                    &(CurvesPlot){learning, 6, "training rows", "test accuracy", true});
        check_figure(&figure, narrow ? "curves_learning_narrow" : "curves_learning");
    }
    double nothing[] = {nan(""), nan("")};
    plot_curves(&figure, (PlotText){"Nothing", "", 0},
                &(CurvesPlot){&(Series){"none", rows, nothing, NULL, NULL, 2}, 1, "x", "y", false});
    assert_int_equal(has_text(&figure, "no values"), 1);
    check_figure(&figure, "curves_nothing");
}

static void interval_bars(void **state) {
    (void)state;
    const IntervalRow rows[] = {{"dummy", 0.3475, 0.327, 0.368, false},     {"tfidf-logreg", 0.879, 0.864, 0.892, false},
                                {"cls-logreg", 0.647, 0.625, 0.667, false}, {"mean-logreg", 0.690, 0.669, 0.710, false},
                                {"finetune", 0.922, 0.909, 0.933, true},    {"failed", nan(""), nan(""), nan(""), false},
                                {HOSTILE, 0.5, nan(""), nan(""), false}};
    Figure figure;
    for (int narrow = 0; narrow < 2; narrow++) {
        plot_intervals(
            &figure,
            (PlotText){"Test accuracy with 95 % intervals", "Fine-tuning and the bag of words do not overlap.", narrow ? 380 : 0},
            &(IntervalsPlot){rows, 7, "test accuracy", 0.3475, "most frequent class"});
        assert_int_equal(has_text(&figure, "0.922 [0.909, 0.933]"), 1);
        assert_int_equal(has_text(&figure, "not measured"), 1);
        check_figure(&figure, narrow ? "intervals_narrow" : "intervals");
    }
    plot_intervals(&figure, (PlotText){"None", "", 0}, &(IntervalsPlot){rows + 5, 1, NULL, nan(""), NULL});
    check_figure(&figure, "intervals_none");
}

static void cost(void **state) {
    (void)state;
    Error err = {0};
    const CostPoint points[] = {{"dummy", 0.0004, 0.3475, 0.327, 0.368},   {"tfidf-logreg", 0.02, 0.879, 0.864, 0.892},
                                {"cls-logreg", 1.18, 0.647, 0.625, 0.667}, {"mean-logreg", 1.2, 0.690, 0.669, 0.710},
                                {"finetune", 1.22, 0.922, 0.909, 0.933},   {"finetune-int8", 0.6, 0.918, 0.905, 0.93},
                                {"failed", nan(""), 0.3, 0.1, 0.4},        {HOSTILE, 1.25, 0.66, nan(""), nan("")}};
    Figure figure;
    for (int narrow = 0; narrow < 2; narrow++) {
        CHECK_OK(plot_cost(&figure,
                           (PlotText){"Accuracy against time a text", "The bag of words is 60 times cheaper and 4 points worse.",
                                      narrow ? 380 : 0},
                           &(CostPlot){points, 8, "milliseconds a text (p50)", "test accuracy"}, &err),
                 &err);
        assert_int_equal(has_text(&figure, "failed"), 0);
        check_figure(&figure, narrow ? "cost_narrow" : "cost");
    }
    CHECK_OK(plot_cost(&figure, (PlotText){"One", "", 0}, &(CostPlot){points + 1, 1, "ms", "accuracy"}, &err), &err);
    check_figure(&figure, "cost_one");
    CHECK_OK(plot_cost(&figure, (PlotText){"None", "", 0}, &(CostPlot){points + 6, 1, "ms", "accuracy"}, &err), &err);
    check_figure(&figure, "cost_none");
}

/* Entries as they come: near each other, far apart, many. */
static void names_never_cover_each_other(void **state) {
    (void)state;
    static const char *const NAMES[] = {"dummy",    "tfidf-logreg", "cls-logreg",    "mean-logreg",
                                        "finetune", "tfidf-svm",    "finetune-int8", "cascade"};
    Error err = {0};
    Random random = random_start(11, STREAM_TEST, 0);
    for (int trial = 0; trial < 300; trial++) {
        CostPoint points[8];
        IntervalRow rows[8];
        int count = 1 + (int)random_below(&random, 8);
        double spread = random_uniform(&random), decades = 4 * random_uniform(&random);
        for (int i = 0; i < count; i++) {
            double score = 0.5 + 0.5 * spread * (random_uniform(&random) - 0.5), half = 0.02 * random_uniform(&random);
            points[i] =
                (CostPoint){NAMES[i], pow(10, decades * (random_uniform(&random) - 0.5)), score, score - half, score + half};
            rows[i] = (IntervalRow){NAMES[i], score, score - half, score + half, i == 0};
        }
        PlotText text = {"Any", "", trial % 2 ? 380 : 640};
        Figure figure;
        CHECK_OK(plot_cost(&figure, text, &(CostPlot){points, count, "ms", "accuracy"}, &err), &err);
        check_layout(&figure, "any cost");
        figure_free(&figure);
        plot_intervals(&figure, text, &(IntervalsPlot){rows, count, "accuracy", nan(""), NULL});
        check_layout(&figure, "any intervals");
        figure_free(&figure);
    }
}

static void histograms(void **state) {
    (void)state;
    enum { COUNT = 16000 };
    Error err = {0};
    static int lengths[COUNT];
    Random random = random_start(9, STREAM_TEST, 0);
    for (int i = 0; i < COUNT; i++) lengths[i] = (int)exp(3 + 0.45 * random_normal(&random)) + 2;
    lengths[7] = 100000;
    lengths[9] = 2147483647;
    const HistogramMark marks[] = {
        {22, "median 22"}, {46, "95 % under 46"}, {48, "another 48"}, {512, "max_length 512"}, {nan(""), "none"}};
    Figure figure;
    for (int narrow = 0; narrow < 2; narrow++) {
        CHECK_OK(plot_histogram(&figure, (PlotText){"Tokens a text", "Hardly a text reaches the limit.", narrow ? 380 : 0},
                                &(HistogramPlot){lengths, COUNT, "tokens", "texts", marks, 5}, &err),
                 &err);
        assert_true(has_text(&figure, "≥ ") == 1);
        check_figure(&figure, narrow ? "histogram_narrow" : "histogram");
    }
    CHECK_OK(plot_histogram(&figure, (PlotText){"All alike", "", 0},
                            &(HistogramPlot){(int[]){5, 5, 5}, 3, "tokens", "texts", NULL, 0}, &err),
             &err);
    check_figure(&figure, "histogram_alike");
    CHECK_OK(plot_histogram(&figure, (PlotText){"None", "", 0}, &(HistogramPlot){NULL, 0, "tokens", "texts", NULL, 0}, &err),
             &err);
    check_figure(&figure, "histogram_none");
}

/* Rows of `classes` clusters on a circle; every figure is drawn in both forms and as PNG by check_figure. */
static void check_maps(int rows, int classes, char *const *names, const char *file) {
    Error err = {0};
    float *places = mem_new((size_t)rows + 1, 2 * sizeof *places, &err);
    int32_t *labels = mem_new((size_t)rows + 1, sizeof *labels, &err);
    assert_true(places && labels);
    Random random = random_start(5, STREAM_TEST, 0);
    for (int r = 0; r < rows; r++) {
        labels[r] = (int32_t)random_below(&random, (uint32_t)classes);
        double angle = 6.28 * labels[r] / classes;
        places[2 * r] = (float)(3 * cos(angle) + random_normal(&random) * 0.4);
        places[2 * r + 1] = (float)(3 * sin(angle) + random_normal(&random) * 0.4);
    }
    MapPlot plot = {.places = places, .labels = labels, .rows = rows, .names = names, .classes = classes, .axes = "two directions"};
    char name[64];
    for (int narrow = 0; narrow < 2; narrow++) {
        Figure figure;
        PlotText text = {"A map", "What to see in it.", narrow ? 340 : 0};
        CHECK_OK(plot_map(&figure, text, &plot, &err), &err);
        if (classes <= 8) assert_int_equal(has_text(&figure, names[labels[0]]), 1); /* of many, some find no room */
        snprintf(name, sizeof name, "map_%s%s", file, narrow ? "_narrow" : "");
        check_figure(&figure, name);
        CHECK_OK(plot_map_classes(&figure, text, &plot, &err), &err);
        snprintf(name, sizeof name, "map_%s_classes%s", file, narrow ? "_narrow" : "");
        check_figure(&figure, name);
    }
    mem_free(places);
    mem_free(labels);
}

static void maps(void **state) {
    (void)state;
    check_maps(600, 6, emotions, "6");
    check_maps(3000, 2, emotions, "2");
    check_maps(1, 6, emotions, "1");
    char *many[77], names[77][48];
    for (int c = 0; c < 77; c++) {
        snprintf(names[c], sizeof names[c], "verify_source_of_%d_funds", c);
        many[c] = names[c];
    }
    check_maps(2000, 77, many, "77");
    many[3] = (char *)(uintptr_t)HOSTILE;
    check_maps(300, 12, many, "hostile");
}

/* Thousands of points are one mark, and stay small. */
static void points_are_few_bytes(void **state) {
    (void)state;
    static FigurePoint points[3000];
    Error err = {0};
    Figure figure;
    Buffer svg = {0};
    for (int i = 0; i < 3000; i++) points[i] = (FigurePoint){i * 0.1237, -i * 0.01};
    figure_begin(&figure, 400, 300, "Points", "");
    figure_dots(&figure, points, 3000, 2, 0, 0.5);
    figure_dots(&figure, points + 1000, 1, 2, 1, 0.5);
    figure_hexagons(&figure, points, 1, 10, 12, INK_SHADE, 0.25);
    CHECK_OK(figure_write_svg(&svg, &figure, FIGURE_INLINE, &err), &err);
    assert_true(svg.size < 3000 * 14);
    assert_non_null(strstr(svg.data, "stroke-width=\"4\" stroke-opacity=\"0.5\" stroke-linecap=\"round\" d=\"M0 0h0M0.1 0h0"));
    assert_non_null(strstr(svg.data, "d=\"M0-12l10 6v12l-10 6l-10-6v-12z\""));
    assert_non_null(strstr(svg.data, "d=\"M121.9-11.8h3.6v3.6h-3.6z\""));
    buffer_free(&svg);
    figure_free(&figure);
}

/* ---- text in a PNG ---- */

static void check_visual(const char *text, const char *expected) {
    Buffer out = {0};
    visual_text(&out, text, strlen(text));
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.data, expected, out.size);
    buffer_free(&out);
}

/* Expected: what the Unicode bidirectional algorithm and the Arabic joining classes say of these letters. */
static void right_to_left_is_turned(void **state) {
    (void)state;
    check_visual("joy", "joy");
    check_visual("שלום", "םולש");
    check_visual("abc שלום 12", "abc 12 םולש");
    check_visual("(שלום)", "(םולש)");                         /* brackets are mirrored */
    check_visual("سلام", "\xEF\xBB\xA1\xEF\xBB\xBC\xEF\xBA\xB3"); /* seen initial, lam with alef final, meem isolated */
    check_visual("a\xE2\x80\x8D\xEF\xB8\x8F" "b", "ab");       /* a joiner and a variation selector */
    check_visual("喜び", "喜び");
    check_visual("", "");
}

static void draw_png(Buffer *png, const char *text, bool halo) {
    Figure figure;
    Error err = {0};
    png->size = 0;
    figure_begin(&figure, 200, 40, "", "");
    figure_text(&figure, 10, 25, (TextStyle){.size = 16, .halo = halo}, text);
    CHECK_OK(figure_write_png(png, &figure, 1, &err), &err);
    figure_free(&figure);
}

/* Whatever the fonts here have, each of these leaves something to be seen: letters, or boxes in their place. */
static void every_script_is_drawn(void **state) {
    (void)state;
    static const char *const TEXTS[] = {"Ελπίδα", "радость", "שמחה", "فرح", "喜び", "기쁨", "आनंद", "ความสุข", "🙂", "joy 喜び 🙂 فرح",
                                        "\xEE\x80\x80" /* for private use: in no font */};
    Buffer blank = {0}, png = {0}, again = {0};
    for (int halo = 0; halo < 2; halo++) {
        draw_png(&blank, " ", halo);
        for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
            draw_png(&png, TEXTS[i], halo);
            draw_png(&again, TEXTS[i], halo);
            if (png.size == blank.size && memcmp(png.data, blank.data, png.size) == 0) fail_msg("%s is not to be seen", TEXTS[i]);
            assert_int_equal(png.size, again.size);
            assert_memory_equal(png.data, again.data, png.size);
            char name[32];
            snprintf(name, sizeof name, "script_%zu", i);
            save(name, "png", &png);
        }
    }
    buffer_free(&blank);
    buffer_free(&png);
    buffer_free(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_of_xml_is_strict),
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(right_to_left_is_turned),
        cmocka_unit_test(every_script_is_drawn),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(axes_have_round_ticks),
        cmocka_unit_test(labels_keep_their_distance),
        cmocka_unit_test(confusion_matrices),
        cmocka_unit_test(curves),
        cmocka_unit_test(interval_bars),
        cmocka_unit_test(cost),
        cmocka_unit_test(histograms),
        cmocka_unit_test(maps),
        cmocka_unit_test(points_are_few_bytes),
        cmocka_unit_test(names_never_cover_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
