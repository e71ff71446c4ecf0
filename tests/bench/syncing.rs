//! Synced interviews a second: real devices, the real server process, loopback, every commit durable.

use std::sync::Barrier;
use std::time::Instant;

use crate::engine::ms_since;
use crate::machine;
use crate::season::{N_WAITING, Place, Season, State, together};
use crate::table::{self, figure, quantile};

/// Interviews per device that are synced one by one.
const N_ALONE: usize = 40;

/// The same where collecting them waits for the disk.
const N_ALONE_ON_DISK: usize = 10;

/// How often a batch of [`N_WAITING`] is synced by each device.
const N_BATCHES: usize = 5;

/// Measures and prints.
pub fn measure(season: &Season) -> Result<(), String> {
    let rows = vec![
        alone(season, 1, Place::Memory, N_ALONE)?,
        alone(season, 4, Place::Memory, N_ALONE)?,
        alone(season, 1, Place::Disk, N_ALONE_ON_DISK)?,
        batches(season, 1, Place::Memory)?,
        batches(season, 4, Place::Memory)?,
        batches(season, 1, Place::Disk)?,
    ];
    let devices = if season.in_memory {
        "Devices in memory stand for phones with a disk of their own; the office's SQLite is on the disk with synchronous=FULL."
    } else {
        "There is no folder in memory here, so the devices share the office's disk throughout."
    };
    table::print(
        "Synced interviews a second",
        devices,
        &[
            "interviews a sync x devices",
            "interviews a second",
            "a sync p50 ms",
            "p99 ms",
            "server CPU s per 1,000",
            "n interviews",
        ],
        &rows,
    );
    Ok(())
}

/// One sync for each interview. Interviews are collected between the syncs, which is not counted; all devices begin
/// to sync at the same moment.
fn alone(season: &Season, n_devices: usize, place: Place, n_each: usize) -> Result<Vec<String>, String> {
    let mut field = season.field(State::Fresh, place)?;
    field.devices.truncate(n_devices);
    let pid = field.office.pid().ok_or("the office does not run")?;
    let barrier = Barrier::new(n_devices);
    let cpu_before = machine::cpu_seconds(pid);
    let times = together(&mut field.devices, |device| {
        let mut times = Vec::new();
        for _ in 0..n_each {
            let collected = device.interview();
            barrier.wait();
            let begun = Instant::now();
            let synced = device.sync();
            let own_ms = ms_since(begun);
            barrier.wait();
            collected?;
            synced?;
            times.push((own_ms, ms_since(begun)));
        }
        Ok(times)
    })?;
    let cpu = machine::cpu_seconds(pid).zip(cpu_before);
    // A round lasts until its last device is done.
    let rounds_ms: f64 = times
        .first()
        .map(|device| device.iter().map(|(_, round_ms)| *round_ms).sum())
        .unwrap_or_default();
    let mut own: Vec<f64> = times.iter().flatten().map(|(own_ms, _)| *own_ms).collect();
    let n = n_each * n_devices;
    let name = name(1, n_devices, place);
    let row = row(&name, n as f64 / rounds_ms * 1000.0, &mut own, cpu, n);
    field.close()?;
    Ok(row)
}

/// One sync for all waiting interviews; the median of several such seasons.
fn batches(season: &Season, n_devices: usize, place: Place) -> Result<Vec<String>, String> {
    let (mut rates, mut own) = (Vec::new(), Vec::new());
    let mut cpu_sum = Some(0.0);
    for _ in 0..N_BATCHES {
        let mut field = season.field(State::Waiting, place)?;
        field.devices.truncate(n_devices);
        let pid = field.office.pid().ok_or("the office does not run")?;
        let cpu_before = machine::cpu_seconds(pid);
        let begun = Instant::now();
        let times = together(&mut field.devices, |device| {
            let begun = Instant::now();
            device.sync()?;
            Ok(ms_since(begun))
        })?;
        let n = N_WAITING * n_devices;
        rates.push(n as f64 / begun.elapsed().as_secs_f64());
        let cpu = machine::cpu_seconds(pid).zip(cpu_before);
        cpu_sum = cpu_sum
            .zip(cpu)
            .map(|(sum, (after, before))| sum + after - before);
        own.extend(times);
        field.close()?;
    }
    let n = N_WAITING * n_devices * N_BATCHES;
    let rate = quantile(&mut rates, 0.5);
    let cpu = cpu_sum.map(|sum| (sum, 0.0));
    Ok(row(&name(N_WAITING, n_devices, place), rate, &mut own, cpu, n))
}

fn name(n_interviews: usize, n_devices: usize, place: Place) -> String {
    let place = match place {
        Place::Memory => "",
        Place::Disk => ", device on the office's disk",
    };
    format!("{n_interviews} x {n_devices}{place}")
}

fn row(name: &str, rate: f64, own: &mut [f64], cpu: Option<(f64, f64)>, n: usize) -> Vec<String> {
    vec![
        name.to_string(),
        figure(rate, 0),
        figure(quantile(own, 0.5), 1),
        figure(quantile(own, 0.99), 1),
        cpu.map_or("unknown".into(), |(after, before)| {
            figure((after - before) / n as f64 * 1000.0, 2)
        }),
        n.to_string(),
    ]
}
