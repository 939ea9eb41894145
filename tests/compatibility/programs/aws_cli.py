"""The AWS CLI, as its script starts it."""

import sys

from awscli.clidriver import main
from calling import take_variables

take_variables()
sys.exit(main())
