/* SPDX-License-Identifier: MIT */
#include <coop/gen.h>
#include <kit/body.h>
#include <stdio.h>

static kit_completion squares(coop_gen *self, kit_value n)
{
    for (int64_t i = 1; i <= n.i; i++)
        KIT_TRY(coop_gen_yield(self, kit_int(i * i))); /* may return here */
    return kit_return(kit_none());
}

static kit_completion print(void *context, kit_value square)
{
    (void)context;
    printf("%d\n", (int)square.i);
    return kit_next(kit_none()); /* kit_return(...) would break */
}

int main(void)
{
    coop_gen *g;
    if (coop_gen_create(&g, squares, kit_int(5), NULL) < 0)
        return 1;
    kit_for_each(&coop_gen_iter(g)->iterable, print, NULL);
    return coop_gen_destroy(g);
}
