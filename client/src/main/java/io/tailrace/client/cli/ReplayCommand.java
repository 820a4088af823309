package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace replay}: copies history from one topic into another. */
@Command(
    name = "replay",
    description = {
      "Copies a stretch of a topic's history into another topic.",
      "",
      "Keys, values, headers and timestamps stay as they are; the partition too when both topics",
      "have as many. When it is interrupted, the same command goes on where it was: it writes down",
      "how far it has come, and does not copy again what the target already holds."
    },
    footer = {
      "",
      "Example:",
      "  tailrace replay orders --from 2026-11-01T08:00 --to 2026-11-01T09:00 --into orders-again"
    })
final class ReplayCommand implements Runnable {
  private static final int NAME_IN_FILE = 60;

  private final Session session;

  @Parameters(paramLabel = "TOPIC", description = "Where the records come from.")
  private String source;

  @Option(
      names = "--from",
      paramLabel = "POSITION",
      required = true,
      description = "The first record: earliest, an offset, a time, or a time before now (-1h).")
  private String from;

  @Option(
      names = "--to",
      paramLabel = "POSITION",
      description = "Where to end; that record is not copied any more. latest unless given.")
  private String to = "latest";

  @Option(
      names = "--into",
      paramLabel = "TOPIC",
      required = true,
      description = "Where the copies go; the topic must exist.")
  private String target;

  @Option(names = "--rate", paramLabel = "N/s", description = "No faster than this.")
  private Rate rate;

  @Option(
      names = "--restart",
      description = "Begin anew, even if an earlier replay was interrupted.")
  private boolean restart;

  @Option(
      names = "--state",
      paramLabel = "FILE",
      description =
          "Where to write down how far it has come; unless given, in $XDG_STATE_HOME/tailrace or"
              + " ~/.local/state/tailrace.")
  private Path state;

  @Option(
      names = "--into-itself",
      description = "Allow --into to name the same topic, which then holds the stretch twice.")
  private boolean intoItself;

  @Option(
      names = "--skip-corrupt",
      description = "Go on behind records that the broker cannot read any more; says which.")
  private boolean skipCorrupt;

  ReplayCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    Position start = position("--from", from);
    Position end = position("--to", to);
    if (target.equals(source) && !intoItself) {
      throw CommandException.badInput(
          "--into: "
              + target
              + " is the topic that is read, and would hold the records twice; name another topic,"
              + " or add --into-itself");
    }
    try (TailraceClient client = session.connect()) {
      Admin admin = client.admin();
      TopicDescription sourceTopic = Session.await(admin.describeTopic(source));
      TopicDescription targetTopic = Session.await(admin.describeTopic(target));
      Path file = state != null ? state : defaultFile(admin);
      ReplayState progress = restart ? null : ReplayState.read(file, source, target);
      boolean resumed =
          progress != null
              && progress.sourceId().equals(sourceTopic.id().toString())
              && progress.targetId().equals(targetTopic.id().toString());
      if (resumed) {
        session
            .terminal()
            .err()
            .println(
                "going on with the replay that began at "
                    + Instant.ofEpochMilli(progress.startedMs())
                    + " ("
                    + Quantities.counted(progress.copied(), "record")
                    + " copied); --restart begins anew");
      } else {
        progress = begin(admin, sourceTopic, targetTopic, start, end);
        progress.write(file);
      }
      copy(client, file, progress, resumed, sourceTopic, targetTopic);
    } catch (IOException e) {
      throw CommandException.badInput(
          "--state: how far the replay has come cannot be written down ("
              + e
              + "); name a file that can be written with --state FILE",
          e);
    }
  }

  private void copy(
      TailraceClient client,
      Path file,
      ReplayState progress,
      boolean resumed,
      TopicDescription sourceTopic,
      TopicDescription targetTopic)
      throws IOException {
    boolean samePartitions = sourceTopic.partitions().size() == targetTopic.partitions().size();
    long startedNanos = System.nanoTime();
    long copied =
        new TopicCopy(
                session,
                client,
                target,
                samePartitions,
                file,
                new CorruptRecords(session, skipCorrupt))
            .run(progress, resumed, rate);
    Duration elapsed = Duration.ofNanos(System.nanoTime() - startedNanos);
    session.print(
        JsonDocuments.of(
            "source", source,
            "target", target,
            "records", copied,
            "resumed", resumed,
            "seconds", Quantities.rounded(elapsed.toNanos() / 1e9)),
        () ->
            session
                .terminal()
                .println(
                    "copied "
                        + Quantities.counted(copied, "record")
                        + " from "
                        + source
                        + " into "
                        + target
                        + " in "
                        + Quantities.duration(elapsed)));
  }

  private ReplayState begin(
      Admin admin,
      TopicDescription sourceTopic,
      TopicDescription targetTopic,
      Position start,
      Position end) {
    Map<TopicPartition, Long> ends = offsets(admin, source, end);
    Map<TopicPartition, Long> starts = offsets(admin, source, start);
    Map<TopicPartition, Long> earliest = offsets(admin, source, Position.earliest());
    new RangeNotes(session, from, false).tellLaterStarts(start, earliest);
    starts.replaceAll((partition, offset) -> Math.max(offset, earliest.get(partition)));
    Map<TopicPartition, Long> latest = offsets(admin, source, Position.latest());
    ends.replaceAll((partition, offset) -> Math.min(offset, latest.get(partition)));
    return new ReplayState(
        sourceTopic.id().toString(),
        targetTopic.id().toString(),
        session.clock().millis(),
        0,
        starts,
        ends,
        offsets(admin, target, Position.latest()));
  }

  private static Map<TopicPartition, Long> offsets(Admin admin, String topic, Position position) {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    Map<TopicPartition, PartitionOffset> found = Session.await(admin.listOffsets(topic, position));
    found.forEach((partition, offset) -> offsets.put(partition, offset.offset()));
    return offsets;
  }

  private Position position(String flag, String text) {
    try {
      return session.position(text);
    } catch (IllegalArgumentException e) {
      throw CommandException.badInput(flag + ": " + e.getMessage(), e);
    }
  }

  /** The same command finds the same file; another cluster, topic or stretch another one. */
  private Path defaultFile(Admin admin) {
    String cluster = Session.await(admin.describeCluster()).clusterId();
    CRC32 crc = new CRC32();
    crc.update(
        String.join("\n", cluster, source, target, from, to).getBytes(StandardCharsets.UTF_8));
    return stateDirectory()
        .resolve("tailrace")
        .resolve(
            String.format(
                Locale.ROOT,
                "replay-%s-%s-%08x.properties",
                shortened(source),
                shortened(target),
                crc.getValue()));
  }

  /** Two topic names of full length would not fit into the name of one file. */
  private static String shortened(String topic) {
    return topic.substring(0, Math.min(topic.length(), NAME_IN_FILE));
  }

  /** A user without an entry in the user database has no home: the JVM calls it "?". */
  private Path stateDirectory() {
    String xdg = session.environment().getOrDefault("XDG_STATE_HOME", "");
    if (isAbsolute(xdg)) {
      return Path.of(xdg);
    }
    for (String home :
        List.of(
            session.environment().getOrDefault("HOME", ""), System.getProperty("user.home", ""))) {
      if (isAbsolute(home)) {
        return Path.of(home, ".local", "state");
      }
    }
    throw CommandException.badInput(
        "--state: this user has no home directory to write down how far the replay has come; name a"
            + " file with --state FILE");
  }

  private static boolean isAbsolute(String path) {
    return !path.isEmpty() && Path.of(path).isAbsolute();
  }
}
