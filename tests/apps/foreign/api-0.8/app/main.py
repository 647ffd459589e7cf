import os
import sys

import greet

print(greet.greet(os.environ["GREETING"], open("who.txt").read().strip()), *sys.argv[1:])
print("in", os.getcwd())
