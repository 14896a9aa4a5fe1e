//! The charts: bars for the operations, lines for what grows.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Line, Rows, number};
use crate::operations::CURVES;
use crate::paired::Spread;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Result<'a> =
    std::result::Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

const WIDTH: u32 = 1000;
const BAR: i32 = 13;
const GROUP: i32 = 20;
/// Where bars begin, and how long the longest is.
const LEFT: i32 = 110;
const LONGEST: i32 = 320;
const CURVE_HEIGHT: u32 = 280;
const BLACK_TEXT: RGBColor = RGBColor(0x22, 0x22, 0x22);

/// Colours that are told apart by everyone (Okabe and Ito).
fn colour(way: &str) -> RGBColor {
    match way {
        "inet6" => RGBColor(0x00, 0x72, 0xb2),
        "inet6-dual" | "inet6-connected" => RGBColor(0x56, 0xb4, 0xe9),
        "libc" => RGBColor(0x77, 0x77, 0x77),
        "libc-unset" => RGBColor(0xaa, 0xaa, 0xaa),
        "std" => RGBColor(0xe6, 0x9f, 0x00),
        "socket2" => RGBColor(0xcc, 0x79, 0xa7),
        "rustix" => RGBColor(0x00, 0x9e, 0x73),
        "tokio" => RGBColor(0xd5, 0x5e, 0x00),
        _ => RGBColor(0xb0, 0xa0, 0x20),
    }
}

/// All charts in one picture.
pub(super) fn draw(all: &[Rows], lines: &[Line]) -> String {
    let (batches, single): (Vec<&Rows>, Vec<&Rows>) =
        all.iter().partition(|rows| rows.operation.datagrams.is_some());
    let bars = height(&single).max(height(&batches));
    let curve_rows = CURVES.len().div_ceil(2) as u32;
    let mut svg = String::new();
    {
        let size = (WIDTH, bars + curve_rows * CURVE_HEIGHT);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        paint(&root, bars, &single, &batches, lines).expect("a string takes all");
    }
    svg.push('\n');
    svg
}

fn height(rows: &[&Rows]) -> u32 {
    let bars: i32 = rows.iter().map(|rows| GROUP + BAR * rows.ways.len() as i32).sum();
    (60 + bars) as u32
}

fn paint<'a>(
    root: &Area<'a>,
    bars: u32,
    single: &[&Rows],
    batches: &[&Rows],
    lines: &[Line],
) -> Result<'a> {
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(bars);
    let (left, right) = upper.split_horizontally(WIDTH / 2);
    draw_bars(
        &left,
        single,
        "Time of an operation, raw libc = 1 (shorter is better)",
        Scale::Linear,
    )?;
    draw_bars(
        &right,
        batches,
        "Times cheaper than std, logarithmic (longer is better)",
        Scale::Log,
    )?;
    for (area, curve) in lower.split_evenly((CURVES.len().div_ceil(2), 2)).iter().zip(CURVES) {
        let of_it: Vec<&Line> = lines.iter().filter(|line| line.curve.name == curve.name).collect();
        draw_curve(area, &of_it)?;
    }
    root.present()
}

/// What a bar shows, and how.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// The ratio to libc.
    Linear,
    /// The ratio of std.
    Log,
}

impl Scale {
    fn value(self, rows: &Rows, way: &str) -> Option<Spread> {
        match self {
            Self::Linear => rows.ratio(way, "libc"),
            Self::Log => rows.ratio("std", way),
        }
    }

    /// Where a value stands, of 0 to 1.
    fn place(self, value: f64, most: f64) -> f64 {
        match self {
            Self::Linear => value / most,
            // A little below 1, so that what costs as much as std is seen.
            Self::Log => (value / 0.5).max(1.0).ln() / (most / 0.5).ln(),
        }
    }
}

fn text<'a>(area: &Area<'a>, text: &str, at: (i32, i32), size: i32, pos: HPos) -> Result<'a> {
    let font = ("sans-serif", size).into_font().color(&BLACK_TEXT);
    area.draw(&Text::new(text.to_owned(), at, font.pos(Pos::new(pos, VPos::Center))))
}

fn draw_bars<'a>(area: &Area<'a>, all: &[&Rows], title: &str, scale: Scale) -> Result<'a> {
    text(area, title, (10, 18), 15, HPos::Left)?;
    let values = all.iter().flat_map(|rows| {
        rows.ways.iter().filter_map(|way| scale.value(rows, way)).map(|it| it.p75)
    });
    let most = values.fold(1.0, f64::max);
    let x = |value: f64| LEFT + (scale.place(value, most) * f64::from(LONGEST)) as i32;
    let mut y = 44;
    let top = y - 6;
    for rows in all {
        text(area, rows.operation.title, (10, y), 12, HPos::Left)?;
        y += GROUP - 5;
        for way in &rows.ways {
            let Some(Spread { p25, median, p75 }) = scale.value(rows, way) else { continue };
            let (above, below) = (y - BAR / 2 + 1, y + BAR / 2 - 1);
            let bar = [(LEFT, above), (x(median), below)];
            area.draw(&Rectangle::new(bar, colour(way).filled()))?;
            area.draw(&PathElement::new([(x(p25), y), (x(p75), y)], BLACK_TEXT))?;
            text(area, way, (LEFT - 5, y), 11, HPos::Right)?;
            text(area, &number(median), (x(p75) + 5, y), 11, HPos::Left)?;
            y += BAR;
        }
        y += 5;
    }
    area.draw(&PathElement::new([(x(1.0), top), (x(1.0), y - 8)], BLACK_TEXT.mix(0.4)))
}

fn draw_curve<'a>(area: &Area<'a>, lines: &[&Line]) -> Result<'a> {
    let Some(curve) = lines.first().map(|line| line.curve) else { return Ok(()) };
    let medians = || lines.iter().flat_map(|line| &line.points).map(|(_, it)| it.median);
    let (least, most) = (medians().fold(1.0, f64::min), medians().fold(1.0, f64::max));
    let last = curve.points[curve.points.len() - 1] as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(curve.title, ("sans-serif", 15).into_font().color(&BLACK_TEXT))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d((1.0..last * 1.2).log_scale(), (least / 1.5..most * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(curve.axis)
        .y_desc(format!("1 = {}", curve.unit))
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .label_style(("sans-serif", 11))
        .axis_desc_style(("sans-serif", 12))
        .draw()?;
    // Where the lines are not.
    let falls = lines.iter().all(|line| match &line.points[..] {
        [(_, first), .., (_, last)] => last.median < first.median,
        _ => false,
    });
    let legend =
        if falls { SeriesLabelPosition::UpperRight } else { SeriesLabelPosition::UpperLeft };
    for line in lines {
        let style = colour(line.way);
        let points: Vec<(f64, f64)> =
            line.points.iter().map(|(point, it)| (*point as f64, it.median)).collect();
        let marks = points.clone();
        chart
            .draw_series(LineSeries::new(points, style.stroke_width(2)))?
            .label(line.way)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style.stroke_width(2)));
        chart.draw_series(marks.into_iter().map(|at| Circle::new(at, 3, style.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(legend)
        .label_font(("sans-serif", 11))
        .background_style(WHITE.mix(0.8))
        .draw()
}

/// A number at an axis, without what floating point adds to it.
fn label(value: &f64) -> String {
    if *value < 1.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}
