package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.MeasuredCluster;
import java.util.ArrayList;
import java.util.List;

/**
 * One measurement that is taken of each peer.
 *
 * @param id its name in options, in the order of importance: {@code produce/1KiB/6p/tuned}
 * @param title its name in reports
 * @param kind how it is taken
 * @param settings settings that differ from the defaults
 * @param metrics the figures that are reported, the most telling first
 */
record Scenario(String id, String title, Kind kind, Settings settings, List<String> metrics) {
  Scenario {
    settings = Settings.of("replicas=1").and(settings);
  }

  /** Above 100, the kernel has slowed the broker down to the device's rate. */
  static final String UNWRITTEN = "unwritten at most, % of where the kernel slows writers";

  /** Changes of leaders while it was measured. */
  static final String ELECTIONS = "elections";

  /** How a measurement is taken. */
  enum Kind {
    /** Against a fresh broker, by the client process alone. */
    PRODUCE("produce"),
    REPLAY("replay"),
    LATENCY("latency"),
    /** From the start of the process on an empty directory. */
    START("first-ack"),
    /** The broker is left alone, then its memory read. */
    IDLE(""),
    /** Many partitions: created, restarted in order, restarted after a kill. */
    PARTITIONS("touch-partitions");

    private final String work;

    Kind(String work) {
      this.work = work;
    }

    /** The name of its {@link Work}. */
    String work() {
      return work;
    }
  }

  /** Everything that is compared. */
  static List<Scenario> all() {
    return List.of(
        produce(1024, 1, false),
        produce(1024, 1, true),
        produce(100, 1, false),
        produce(100, 1, true),
        produce(1024, 6, false),
        produce(1024, 6, true),
        produce(100, 6, false),
        produce(100, 6, true),
        produce(1024, 1000, false),
        produce(1024, 1000, true),
        replay(1024),
        replay(100),
        new Scenario(
            "latency/1KiB",
            "end to end at 1,000 records/s of 1 KiB, linger 0",
            Kind.LATENCY,
            Settings.of(
                "partitions=1",
                "rate=1000",
                "recordBytes=1024",
                "batchBytes=16384",
                "lingerMs=0",
                "acks=all"),
            List.of("p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms")),
        new Scenario(
            "start",
            "start on an empty directory to the first acknowledged record",
            Kind.START,
            Settings.of(),
            List.of("seconds")),
        new Scenario(
            "idle",
            "memory of an idle broker",
            Kind.IDLE,
            Settings.of(),
            List.of("RssAnon MiB", "VmRSS MiB")),
        partitions(1000),
        partitions(10_000));
  }

  /** What is compared on three brokers, with three replicas of each partition. */
  static List<Scenario> replicated() {
    return all().stream()
        .filter(
            each ->
                each.kind() == Kind.LATENCY
                    || (each.kind() == Kind.PRODUCE && each.settings().number("partitions") <= 6))
        .map(Scenario::onThreeBrokers)
        .toList();
  }

  private Scenario onThreeBrokers() {
    List<String> more = new ArrayList<>(metrics);
    more.add(ELECTIONS);
    return new Scenario(
        id, title, kind, settings.and("replicas", MeasuredCluster.SIZE), List.copyOf(more));
  }

  boolean isReplicated() {
    return settings.number("replicas") > 1;
  }

  private static Scenario produce(int recordBytes, int partitions, boolean tuned) {
    return new Scenario(
        "produce/" + size(recordBytes) + "/" + partitions + "p/" + (tuned ? "tuned" : "default"),
        String.format(
            "produce %s, %,d partition%s, %s",
            sizeForPeople(recordBytes),
            partitions,
            partitions == 1 ? "" : "s",
            tuned ? "128 KiB / 10 ms" : "16 KiB / 5 ms"),
        Kind.PRODUCE,
        Settings.of(
            "recordBytes=" + recordBytes,
            "partitions=" + partitions,
            "batchBytes=" + (tuned ? 128 : 16) * 1024,
            "lingerMs=" + (tuned ? 10 : 5),
            "acks=all"),
        List.of(
            "records/s", "MiB/s", "broker peak RssAnon MiB", "broker peak VmRSS MiB", UNWRITTEN));
  }

  private static Scenario replay(int recordBytes) {
    return new Scenario(
        "replay/" + size(recordBytes),
        "replay " + sizeForPeople(recordBytes) + " from the beginning, 1 partition",
        Kind.REPLAY,
        Settings.of("recordBytes=" + recordBytes, "partitions=1"),
        List.of("records/s", "MiB/s"));
  }

  private static Scenario partitions(int count) {
    return new Scenario(
        "partitions/" + count,
        String.format("%,d partitions", count),
        Kind.PARTITIONS,
        Settings.of("partitions=" + count),
        List.of(
            "create and write all s",
            "restart and write all s",
            "restart after kill and write all s",
            "added RssAnon MiB",
            "added VmRSS MiB",
            "descriptors",
            "maps",
            "stop s"));
  }

  private static String size(int bytes) {
    return bytes % 1024 == 0 ? bytes / 1024 + "KiB" : bytes + "B";
  }

  private static String sizeForPeople(int bytes) {
    return bytes % 1024 == 0 ? bytes / 1024 + " KiB" : bytes + " B";
  }

  /** Whether one peer can be better in it than another. */
  static boolean isCompared(String metric) {
    return !metric.equals(UNWRITTEN) && !metric.equals(ELECTIONS);
  }

  /** Whether a larger figure is the better one. */
  static boolean moreIsBetter(String metric) {
    return metric.endsWith("/s");
  }
}
