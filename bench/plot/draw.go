package main

import (
	"bytes"
	"html"
	"image/color"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	gonumfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A picture is shown in its own size, in pixels, or smaller: its letters of 13 pixels
// are to be read on 360. gonum counts in points.
const (
	shownWidth = 440
	width      = shownWidth * 0.75
	letters    = 10
	margin     = 6
	keysHeight = 20
)

// palette is what tells pictures for two grounds apart. Hues are those of Okabe and Ito,
// which the colour-blind can tell apart; names, fills, marks and dashes say the same.
type palette struct{ ground, ink, ours, others color.Color }

func light() palette {
	return palette{ground: rgb(0xff, 0xff, 0xff), ink: rgb(0x1f, 0x23, 0x28), ours: rgb(0x00, 0x72, 0xb2), others: rgb(0x76, 0x7d, 0x86)}
}

func dark() palette {
	return palette{ground: rgb(0x0d, 0x11, 0x17), ink: rgb(0xe6, 0xed, 0xf3), ours: rgb(0x56, 0xb4, 0xe9), others: rgb(0x91, 0x98, 0xa1)}
}

func rgb(red, green, blue uint8) color.Color { return color.RGBA{red, green, blue, 0xff} }

// of is the colour of a peer: ours, or one of the others.
func (c palette) of(peer string) color.Color {
	if strings.HasPrefix(filepath.Base(peer), "fanql") {
		return c.ours
	}
	return c.others
}

func (c palette) letters() text.Style {
	return text.Style{
		Color: c.ink, Font: gonumfont.Font{Typeface: "Liberation", Variant: "Sans", Size: letters},
		Handler: plot.DefaultTextHandler,
	}
}

func (c palette) line(of color.Color) draw.LineStyle { return draw.LineStyle{Color: of, Width: 1.5} }

// svg draws the picture.
func (p picture) svg(c palette) (string, error) {
	add := p.addBars
	if p.growth {
		add = p.addLines
	}
	plotted := p.empty(c)
	keys, err := add(plotted, c)
	if err != nil {
		return "", err
	}
	canvas := vgsvg.New(width, p.height())
	whole := draw.New(canvas)
	canvas.SetColor(c.ground)
	canvas.Fill(whole.Path())
	inner := draw.Crop(whole, margin, -margin, margin, -margin)
	if len(keys) > 0 {
		plotted.Draw(draw.Crop(inner, 0, 0, keysHeight, 0))
		for i, key := range keys {
			key.draw(c, draw.Crop(inner, inner.Size().X*vg.Length(i)/vg.Length(len(keys)), 0, 0, 0))
		}
	} else {
		plotted.Draw(inner)
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return "", err
	}
	// The measures of the letters are Arial's too, where Liberation is not installed.
	text := strings.ReplaceAll(svg.String(), "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;")
	return strings.Replace(text, "<g ", "<title>"+html.EscapeString(p.title)+"</title>\n<g ", 1), nil
}

// empty is the picture without its figures.
func (p picture) empty(c palette) *plot.Plot {
	plotted := plot.New()
	plotted.BackgroundColor = nil // what is outside of it has the same ground
	plotted.Title.Text, plotted.Title.Padding = p.title, letters
	plotted.Title.TextStyle = c.letters()
	plotted.Title.TextStyle.Font.Weight = font.WeightBold
	plotted.Title.TextStyle.XAlign, plotted.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	for _, axis := range []*plot.Axis{&plotted.X, &plotted.Y} {
		axis.Color, axis.Tick.Color, axis.Tick.Marker = c.ink, c.ink, plot.TickerFunc(ticks)
		for _, style := range []*text.Style{&axis.Label.TextStyle, &axis.Tick.Label} {
			aligned := c.letters()
			aligned.XAlign, aligned.YAlign, aligned.Rotation = style.XAlign, style.YAlign, style.Rotation
			*style = aligned
		}
	}
	return plotted
}

// ticks are gonum's, with no more digits than they need.
func ticks(least, most float64) []plot.Tick {
	marks := plot.DefaultTicks{}.Ticks(least, most)
	for i, mark := range marks {
		if mark.Label != "" {
			marks[i].Label = strconv.FormatFloat(mark.Value, 'g', 3, 64)
		}
	}
	return marks
}

// key says what a fill or a line stands for.
type key struct {
	says   string
	thumbs []plot.Thumbnailer
}

func (k key) draw(c palette, at draw.Canvas) {
	legend := plot.NewLegend()
	legend.TextStyle, legend.Left, legend.YPosition = c.letters(), true, draw.PosCenter
	legend.Add("\u00a0"+k.says, k.thumbs...)
	legend.Draw(at)
}

// label writes a value beside its place.
func label(c palette, at plotter.XY, value string, offset vg.Point, x text.XAlignment, y text.YAlignment) *plotter.Labels {
	style := c.letters()
	style.XAlign, style.YAlign = x, y
	return &plotter.Labels{XYs: plotter.XYs{at}, Labels: []string{value}, TextStyle: []text.Style{style}, Offset: offset}
}
