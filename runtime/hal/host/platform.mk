# Built with the computer's own compiler.
FLAGS += -pthread
SCRIPT :=
RUN = ./$(PROGRAM)
