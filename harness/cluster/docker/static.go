package docker

import (
	"debug/elf"
	"fmt"
)

// static returns nil if a program can run in an image that has nothing else.
func static(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("%s cannot run in a container: %w; use a Linux build of it", program, err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs libraries that an image does not have; build it with CGO_ENABLED=0, as `make build` does", program)
		}
	}
	return nil
}
