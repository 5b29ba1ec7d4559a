/* Are the figures' colours apart for every eye? Each two series by CIEDE2000, as seen by all cones and without the red, the green or the blue ones
 * (Machado, Oliveira and Fernandes 2009, severity 1), on the light page and on the dark one; and each ink against its paper. */
#include "tests/check.h"

#include "compare/figure.h"

static const double PI = 3.14159265358979323846;

typedef struct Lab {
    double l, a, b;
} Lab;

/* Of linear RGB. */
static const double VISIONS[4][3][3] = {
    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};
static const char *const VISION_NAMES[4] = {"all cones", "protanopia", "deuteranopia", "tritanopia"};

static void linear_rgb(double out[3], unsigned colour) {
    for (int i = 0; i < 3; i++) {
        double c = (colour >> (16 - 8 * i) & 255) / 255.0;
        out[i] = c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
    }
}

static double lab_f(double t) { return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116; }

static Lab lab_of(unsigned colour, const double vision[3][3]) {
    double rgb[3], seen[3];
    linear_rgb(rgb, colour);
    for (int i = 0; i < 3; i++)
        seen[i] = fmin(1, fmax(0, vision[i][0] * rgb[0] + vision[i][1] * rgb[1] + vision[i][2] * rgb[2]));
    double x = lab_f((0.4124564 * seen[0] + 0.3575761 * seen[1] + 0.1804375 * seen[2]) / 0.95047);
    double y = lab_f(0.2126729 * seen[0] + 0.7151522 * seen[1] + 0.0721750 * seen[2]);
    double z = lab_f((0.0193339 * seen[0] + 0.1191920 * seen[1] + 0.9503041 * seen[2]) / 1.08883);
    return (Lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static double cos_degrees(double angle) { return cos(angle * PI / 180); }
static double hue(double a, double b) { return fmod(atan2(b, a) * 180 / PI + 360, 360); }

/* Sharma, Wu and Dalal 2005. */
static double ciede2000(Lab first, Lab second) {
    double c7 = pow((hypot(first.a, first.b) + hypot(second.a, second.b)) / 2, 7);
    double g = 1.5 - 0.5 * sqrt(c7 / (c7 + pow(25, 7)));
    double c1 = hypot(g * first.a, first.b), c2 = hypot(g * second.a, second.b);
    double h1 = hue(g * first.a, first.b), h2 = hue(g * second.a, second.b), turn = h2 - h1, mean_h = (h1 + h2) / 2;
    if (fabs(turn) > 180) {
        turn -= turn > 0 ? 360 : -360;
        mean_h = fmod(mean_h + 180, 360);
    }
    if (c1 * c2 == 0) {
        turn = 0;
        mean_h = h1 + h2;
    }
    double dh = 2 * sqrt(c1 * c2) * sin(turn / 2 * PI / 180), l = (first.l + second.l) / 2 - 50, c = (c1 + c2) / 2;
    double t = 1 - 0.17 * cos_degrees(mean_h - 30) + 0.24 * cos_degrees(2 * mean_h) + 0.32 * cos_degrees(3 * mean_h + 6) -
               0.2 * cos_degrees(4 * mean_h - 63);
    double rotation = -2 * sqrt(pow(c, 7) / (pow(c, 7) + pow(25, 7))) * sin(PI / 3 * exp(-pow((mean_h - 275) / 25, 2)));
    double in_l = (second.l - first.l) / (1 + 0.015 * l * l / sqrt(20 + l * l)), in_c = (c2 - c1) / (1 + 0.045 * c),
           in_h = dh / (1 + 0.015 * c * t);
    return sqrt(in_l * in_l + in_c * in_c + in_h * in_h + rotation * in_c * in_h);
}

/* Rows 1, 7, 17 and 25 of that paper's table. */
static void test_judge(void **state) {
    (void)state;
    CHECK_CLOSE(ciede2000((Lab){50, 2.6772, -79.7751}, (Lab){50, 0, -82.7485}), 2.0425, 1e-4, 0);
    CHECK_CLOSE(ciede2000((Lab){50, 0, 0}, (Lab){50, -1, 2}), 2.3669, 1e-4, 0);
    CHECK_CLOSE(ciede2000((Lab){50, 2.5, 0}, (Lab){73, 25, -18}), 27.1492, 1e-4, 0);
    CHECK_CLOSE(ciede2000((Lab){60.2574, -34.0099, 36.2677}, (Lab){60.4626, -34.1751, 39.4387}), 1.2644, 1e-4, 0);
}

static unsigned colour_of(int ink, bool dark) { return dark ? figure_inks[ink].dark : figure_inks[ink].light; }

/* 2.3 is what can just be told apart side by side; lines far from each other need more. */
static void test_series(void **state) {
    (void)state;
    const double apart = 9;
    for (int dark = 0; dark < 2; dark++)
        for (int v = 0; v < 4; v++)
            for (int i = 0; i < SERIES_COUNT; i++)
                for (int j = 0; j < i; j++) {
                    double d = ciede2000(lab_of(colour_of(INK_SERIES + i, dark), VISIONS[v]), lab_of(colour_of(INK_SERIES + j, dark), VISIONS[v]));
                    if (!(d >= apart))
                        fail_msg("series %d and %d, %s, %s: %.2f apart, expected %.0f", j, i, dark ? "dark" : "light", VISION_NAMES[v], d, apart);
                }
}

static double luminance(unsigned colour) {
    double rgb[3];
    linear_rgb(rgb, colour);
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
}

static double contrast(unsigned a, unsigned b) {
    double x = luminance(a), y = luminance(b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

/* WCAG 2.1: 4.5 for text (1.4.3), 3 for what a figure is read by (1.4.11). */
static void test_contrast(void **state) {
    (void)state;
    for (int dark = 0; dark < 2; dark++) {
        unsigned paper = colour_of(INK_PAPER, dark);
        assert_true(contrast(colour_of(INK_TEXT, dark), paper) >= 4.5);
        assert_true(contrast(colour_of(INK_MUTED, dark), paper) >= 4.5);
        assert_true(contrast(colour_of(INK_ON_SHADE, dark), colour_of(INK_SHADE, dark)) >= 4.5);
        for (int i = 0; i < SERIES_COUNT; i++)
            if (!(contrast(colour_of(INK_SERIES + i, dark), paper) >= 3)) fail_msg("series %d is too faint, dark %d", i, dark);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_contrast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
