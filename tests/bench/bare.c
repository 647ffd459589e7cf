// SPDX-License-Identifier: Apache-2.0
// What a launcher costs that does nothing but become the program.
#include <unistd.h>

int main(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}
