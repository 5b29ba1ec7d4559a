#include "datasets/hash.h"

#include <string.h>
#include <sys/auxv.h>

/* SipHash-1-3 (Aumasson and Bernstein 2012; the rounds that Python and Rust use for their tables). */
typedef struct Sip {
    uint64_t a, b, c, d;
} Sip;

static uint64_t rotate(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

static void sip_round(Sip *sip) {
    sip->a += sip->b;
    sip->c += sip->d;
    sip->b = rotate(sip->b, 13) ^ sip->a;
    sip->d = rotate(sip->d, 16) ^ sip->c;
    sip->a = rotate(sip->a, 32) + sip->d;
    sip->c += sip->b;
    sip->d = rotate(sip->d, 21) ^ sip->a;
    sip->b = rotate(sip->b, 17) ^ sip->c;
    sip->c = rotate(sip->c, 32);
}

static void sip_take(Sip *sip, uint64_t word) {
    sip->d ^= word;
    sip_round(sip);
    sip->a ^= word;
}

uint64_t hash_bytes(const char *bytes, size_t size) {
    uint64_t key[2] = {0, 0}, word;
    uintptr_t random = (uintptr_t)getauxval(AT_RANDOM); /* 16 bytes that the kernel gives every process */
    if (random) memcpy(key, (const void *)random, sizeof key);
    Sip sip = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
               key[1] ^ 0x7465646279746573u};
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        memcpy(&word, bytes + at, 8);
        sip_take(&sip, word);
    }
    word = (uint64_t)size << 56;
    for (int shift = 0; at < size; at++, shift += 8) word |= (uint64_t)(unsigned char)bytes[at] << shift;
    sip_take(&sip, word);
    sip.c ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(&sip);
    return sip.a ^ sip.b ^ sip.c ^ sip.d;
}
