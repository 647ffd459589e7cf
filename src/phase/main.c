// SPDX-License-Identifier: Apache-2.0
#include "phase/phase.h"

int main(int argc, char **argv, char **envp)
{
    return phase_main(argc, argv, envp);
}
