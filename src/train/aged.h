/* Makes the lightness of a picture look like that of an old film, so that a network learns to
 * colour what it will meet. */
#ifndef AC_TRAIN_AGED_H
#define AC_TRAIN_AGED_H

#include <stdint.h>

#include "util/status.h"

/* L* [height][width], 0..100 before and after. What happens, and how much of it, is drawn from
 * `stream` (util/random.h): the response of the film (gamma), faded blacks and whites, darker
 * corners, blur, grain, dust and scratches, in that order. AC_ERR_MEMORY without a message. */
ac_status ac_aged_apply(float *lightness, int height, int width, uint64_t stream);

#endif
