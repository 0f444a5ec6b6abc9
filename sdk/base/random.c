#include "sdk/base/random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void fw_random_init(struct fw_random *r, uint64_t seed)
{
    *r = (struct fw_random){0};
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t fw_random_u64(struct fw_random *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t fw_random_below(struct fw_random *r, uint64_t n)
{
    /* Lemire 2019: multiply, and reject the few that would be unfair. */
    uint64_t floor = (0 - n) % n;
    unsigned __int128 m;

    do {
        m = (unsigned __int128)fw_random_u64(r) * n;
    } while ((uint64_t)m < floor);
    return (uint64_t)(m >> 64);
}

double fw_random_uniform(struct fw_random *r)
{
    return (double)(fw_random_u64(r) >> 11) * 0x1p-53;
}

double fw_random_normal(struct fw_random *r)
{
    double radius;
    double angle;

    if (r->has_spare) {
        r->has_spare = 0;
        return r->spare;
    }
    radius = sqrt(2.0 * fw_random_exponential(r));
    angle = 6.283185307179586 * fw_random_uniform(r);
    r->spare = radius * sin(angle);
    r->has_spare = 1;
    return radius * cos(angle);
}

double fw_random_exponential(struct fw_random *r)
{
    return -log1p(-fw_random_uniform(r));
}

double fw_random_gamma(struct fw_random *r, double shape)
{
    double d;
    double c;

    if (shape < 1.0)
        return fw_random_gamma(r, shape + 1.0) *
               pow(1.0 - fw_random_uniform(r), 1.0 / shape);
    d = shape - 1.0 / 3.0;
    c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = fw_random_normal(r);
        double v = 1.0 + c * x;

        v = v * v * v;
        if (v > 0.0 &&
            log1p(-fw_random_uniform(r)) < 0.5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}
