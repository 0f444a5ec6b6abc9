#include "client/lab/arm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_BYTES 64

/* Which number follows "groups:" and the like; 0: none that is usable. */
static uint32_t count_of(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    return *text >= '1' && *text <= '9' && !*end && n <= UINT32_MAX
               ? (uint32_t)n
               : 0;
}

static bool manual(const char *text, struct fw_arm *arm)
{
    char *end;

    arm->law = FW_LAW_MANUAL;
    arm->momentum = strtod(text, &end);
    if (end == text || *end != ':')
        return false;
    text = end + 1;
    arm->rate = strtod(text, &end);
    return end != text && !*end && fabs(arm->momentum) < 1.0 &&
           isfinite(arm->rate) && arm->rate > 0.0;
}

static bool grouped(const char *text, struct fw_arm *arm)
{
    arm->law = FW_LAW_MARGIN;
    arm->groups_auto = strcmp(text, "auto") == 0;
    arm->groups = count_of(text);
    return arm->groups_auto || arm->groups > 0;
}

static bool rival(const char *text, struct fw_arm *arm)
{
    size_t n = strcspn(text, ":");

    arm->law = FW_LAW_FIXED;
    arm->rival = fw_rival_find(text, n);
    if (arm->rival == FW_RIVAL_FEDBUFF) {
        arm->buffer = text[n] ? count_of(text + n + 1) : 0;
        return arm->buffer > 0;
    }
    return arm->rival != FW_RIVAL_NONE && !text[n];
}

/* What stands before the first plus sign. */
static bool base(const char *text, struct fw_arm *arm)
{
    if (strncmp(text, "manual:", 7) == 0)
        return manual(text + 7, arm);
    if (strncmp(text, "groups:", 7) == 0)
        return grouped(text + 7, arm);
    if (strcmp(text, "sync") == 0) {
        arm->law = FW_LAW_FIXED;
        arm->groups = 1;
        return true;
    }
    if (strncmp(text, "buffer:", 7) == 0) {
        arm->law = FW_LAW_FIXED;
        arm->buffer = count_of(text + 7);
        return arm->buffer > 0;
    }
    if (rival(text, arm))
        return true;
    return fw_law_parse(text, &arm->law, NULL) == FW_OK &&
           arm->law != FW_LAW_DEFAULT && arm->law != FW_LAW_MANUAL;
}

static bool option(const char *text, struct fw_arm *arm)
{
    if (strcmp(text, "negative") == 0)
        arm->allow_negative = true;
    else if (strcmp(text, "keep_rate") == 0)
        arm->policy = FW_STEP_KEEP_RATE;
    else
        return false;
    return true;
}

fw_status fw_arm_parse(const char *text, struct fw_arm *arm, struct fw_err *err)
{
    char part[FW_ARM_NAME_MAX];
    char *rest = part;
    bool ok = strlen(text) < FW_ARM_NAME_MAX;

    *arm = (struct fw_arm){.policy = FW_STEP_KEEP_EFFECTIVE};
    snprintf(part, sizeof(part), "%s", text);
    snprintf(arm->name, sizeof(arm->name), "%s", text);
    ok = ok && base(strsep(&rest, "+"), arm);
    while (ok && rest)
        ok = option(strsep(&rest, "+"), arm);
    if (!ok)
        return fw_err_set(err, FW_INVALID, "'%s' is no arm; it is %s", text,
                          FW_ARM_RULE);
    return FW_OK;
}

fw_status fw_arms_parse(const char *list, struct fw_arm arms[FW_ARMS_MAX],
                        size_t *n, struct fw_err *err)
{
    *n = 0;
    while (*list) {
        char part[PART_BYTES];
        size_t length = strcspn(list, ",");
        fw_status s;

        if (*n == FW_ARMS_MAX)
            return fw_err_set(err, FW_INVALID, "more than %d arms",
                              FW_ARMS_MAX);
        snprintf(part, sizeof(part), "%.*s", (int)length, list);
        s = fw_arm_parse(part, &arms[*n], err);
        if (s != FW_OK)
            return s;
        (*n)++;
        list += length + (list[length] == ',');
    }
    if (*n == 0)
        return fw_err_set(err, FW_INVALID, "no arm is named; there are %s",
                          FW_ARM_RULE);
    return FW_OK;
}

struct fw_arm fw_arm_manual(double momentum, double rate)
{
    struct fw_arm arm = {
        .law = FW_LAW_MANUAL,
        .policy = FW_STEP_KEEP_EFFECTIVE,
        .momentum = momentum,
        .rate = rate,
    };

    snprintf(arm.name, sizeof(arm.name), "manual:%g:%g", momentum, rate);
    return arm;
}
