/* defined_parameters.h: may these search parameters be added? Private to define/. */
#ifndef ZD_CLI_DEFINED_PARAMETERS_H
#define ZD_CLI_DEFINED_PARAMETERS_H

#include "define/defined.h"

/* Of every search parameter that is in `next` and not in `old`: its expression is understood for
 * every type it is for, and its code is free there, since a code means one thing. One that compiles
 * to the very program of the parameter that has its code on all its types is marked
 * ZD_DEFINED_ANSWERED; with `skip`, one that is not right ZD_DEFINED_REFUSED. *left_out says that
 * there are such. */
zd_err zd_defined_check_parameters(const zd_schema *old, const zd_schema *next,
                                   zd_addition *additions, size_t n, bool skip, bool *left_out,
                                   zd_fault *fault);

#endif
