/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of angles against the machine's own. */
#include "local/angle.h"

#include "local/key.h"
#include <criterion/criterion.h>
#include <math.h>

Test(angle, unit_vectors_are_those_of_libm) {
    for (int i = -5000; i <= 5000; i++) {
        const double turns = i / 1000.0;
        double c, s;
        angle_unit(turns, &c, &s);
        cr_assert(fabs(c - cos(2 * PI * turns)) < 1e-11 && fabs(s - sin(2 * PI * turns)) < 1e-11, "%g turns", turns);
    }
}

Test(angle, of_a_vector_is_found_all_around) {
    for (int i = 0; i < 4096; i++) {
        const double turns = i / 4096.0;
        const double got = (double)angle_of((float)(3 * sin(2 * PI * turns)), (float)(3 * cos(2 * PI * turns)));
        const double apart = fabs(got - turns);
        cr_assert(got >= 0 && got < 1 && (apart < 1e-5 || apart > 1 - 1e-5), "%g turns are %g", turns, got);
    }
    cr_expect_eq(angle_of(0, 0), 0);
}

Test(angle, decay_is_the_exponential) {
    for (int i = 0; i <= 3200; i++)
        cr_assert(fabs(decay(i / 100.0) - exp(-i / 100.0)) < 1e-9, "at %g", i / 100.0);
}

Test(angle, mirroring_flips_the_bits_that_are_odd_across) {
    key_basis basis;
    key_basis_fill(&basis);
    uint64_t odd = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        cr_expect(basis.along[bit] < KEY_FREQUENCIES && basis.across[bit] < KEY_FREQUENCIES);
        odd |= (uint64_t)(basis.across[bit] % 2) << bit;
    }
    cr_expect_eq(resight_patch_mirrored_key(0), odd);
    cr_expect_eq(resight_patch_mirrored_key(resight_patch_mirrored_key(12345)), 12345);
}
