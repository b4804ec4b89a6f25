package ledger

import (
	"embed"
	"io/fs"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// programInImage is where the image of a node has the program.
const programInImage = "/tertium"

//go:embed image
var imageFiles embed.FS

// image is that of a node: nothing but the program, which must be a static one,
// as `make build` makes it.
func image(executable string) *cluster.Image {
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return &cluster.Image{
		Name:  "tertium/ledger",
		Build: build,
		Files: map[string]string{"tertium": executable},
	}
}
