# Built with the computer's own compiler.
FLAGS += -pthread
SCRIPT :=
RUNNER := true
RUN = ./$(PROGRAM)
