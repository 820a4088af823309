package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerBuilder;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.OutOfRangePolicy;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tailrace consume}: prints records. */
@Command(
    name = "consume",
    description = {
      "Prints the records of a topic.",
      "",
      "Without --follow it ends at the end that it saw when it started. With --follow and an",
      "offset that a partition has not reached, it waits for that offset; partitions that are"
          + " added",
      "later are read from their start."
    },
    footer = {
      "",
      "A position is earliest, latest, an offset, a time (2026-11-01T08:30, in the local time zone",
      "unless it names one; milliseconds since 1970), or a time before now (-15m, -1h, -7d).",
      "",
      "A format has %%t topic, %%p partition, %%o offset, %%k key, %%v value, %%h headers,"
          + " %%T timestamp",
      "in milliseconds, %%d timestamp in ISO-8601, %%%% a percent sign, and \\n \\t \\r \\0 \\\\.",
      "",
      "Examples:",
      "  tailrace consume orders",
      "  tailrace consume orders --from -1h --format '%%p %%o %%k %%v\\n'",
      "  tailrace consume orders --from latest --follow --json",
      "  tailrace consume orders --group billing --follow"
    })
final class ConsumeCommand implements Runnable {
  private static final Duration POLL = Duration.ofMillis(500);
  private static final long FLUSH_NANOS = 50_000_000;

  private final Session session;

  @Spec private CommandSpec spec;

  private Position from = Position.earliest();
  private String fromText = "earliest";

  @Parameters(paramLabel = "TOPIC", description = "What to read.")
  private String topic;

  @Option(
      names = "--from",
      paramLabel = "POSITION",
      description = "The first record to print; earliest unless given.")
  void setFrom(String text) {
    try {
      from = session.position(text);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--from: " + e.getMessage(), e);
    }
    fromText = text;
  }

  @Option(
      names = "--to",
      paramLabel = "POSITION",
      description = "Where to end; that record is not printed any more. latest unless given.")
  private Position to;

  @Option(names = "--partition", paramLabel = "N", description = "Only this partition.")
  private Integer partition;

  @Option(
      names = "--group",
      paramLabel = "GROUP",
      description =
          "Read as a member of this consumer group: its share of the partitions, from where the"
              + " group has committed, else from --from; commits what is printed.")
  private String group;

  @Option(names = "--max", paramLabel = "N", description = "End after so many records.")
  private Long max;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "How to print a record; '%%v\\n' unless given.")
  private RecordFormat format;

  @Option(names = "--follow", description = "Go on with records as they are written.")
  private boolean follow;

  @Option(
      names = "--skip-corrupt",
      description = "Go on behind records that the broker cannot read any more; says which.")
  private boolean skipCorrupt;

  private long printed;
  private long lastFlushNanos;

  ConsumeCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (follow && to != null) {
      throw CommandException.badInput("--to: cannot be together with --follow; leave one out");
    }
    if (max != null && max < 1) {
      throw CommandException.badInput("--max: " + max + " is not at least 1");
    }
    if (partition != null && partition < 0) {
      throw CommandException.badInput("--partition: " + partition + " is negative");
    }
    if (format == null) {
      format = RecordFormat.parse(RecordFormat.DEFAULT);
    }
    try (TailraceClient client = session.connect(topic)) {
      ConsumerBuilder<byte[], byte[]> builder = client.consumer(Serdes.bytes(), Serdes.bytes());
      builder.onCorruptRecords(new CorruptRecords(session, skipCorrupt));
      Map<TopicPartition, Long> ends = offsetsWhenFromAnOffset(client, Position.latest());
      Map<TopicPartition, Long> starts = offsetsWhenFromAnOffset(client, Position.earliest());
      RangeNotes notes = new RangeNotes(session, fromText, follow);
      notes.tell(from, ends);
      notes.tellLaterStarts(from, starts);
      if (group == null ? from instanceof Position.Offset : !isBeyondAnEnd(ends)) {
        builder.outOfRange(OutOfRangePolicy.EARLIEST); // deleted records cannot be read again
      }
      if (group != null) {
        readAsMember(client, builder);
      } else if (follow) {
        follow(client, builder, ends);
      } else {
        printHistory(builder);
      }
    }
  }

  private boolean isBeyondAnEnd(Map<TopicPartition, Long> ends) {
    return from instanceof Position.Offset start
        && ends.values().stream().anyMatch(end -> end < start.offset());
  }

  private void readAsMember(TailraceClient client, ConsumerBuilder<byte[], byte[]> builder) {
    Map<TopicPartition, Long> ends = null;
    if (!follow) {
      ends = new TreeMap<>();
      for (Map.Entry<TopicPartition, PartitionOffset> end :
          Session.await(client.admin().listOffsets(topic, to == null ? Position.latest() : to))
              .entrySet()) {
        ends.put(end.getKey(), end.getValue().offset());
      }
    }
    builder.group(group).startAt(from).manualCommit();
    if (partition == null) {
      builder.subscribe(topic);
    } else {
      builder.assign(new TopicPartition(topic, partition));
    }
    Map<TopicPartition, Long> limits = ends;
    try (Consumer<byte[], byte[]> consumer = builder.build()) {
      new GroupConsumption(session, consumer, limits)
          .run(
              record -> {
                if (limits == null
                    || record.offset() < limits.getOrDefault(record.topicPartition(), 0L)) {
                  print(record);
                  return true;
                }
                return false;
              },
              this::isEnough);
    }
  }

  private void printHistory(ConsumerBuilder<byte[], byte[]> builder) {
    Position end = to == null ? Position.latest() : to;
    try (Replay<byte[], byte[]> history =
        partition == null
            ? builder.replay(topic, from, end)
            : builder.replay(List.of(new TopicPartition(topic, partition)), from, end)) {
      for (ConsumerRecord<byte[], byte[]> record : history) {
        print(record);
        if (System.nanoTime() - lastFlushNanos > FLUSH_NANOS) {
          flush();
        }
        if (isEnough()) {
          break;
        }
      }
    }
    flush();
  }

  /** A position in each of the partitions to be read; empty unless reading starts at an offset. */
  private Map<TopicPartition, Long> offsetsWhenFromAnOffset(TailraceClient client, Position at) {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    if (from instanceof Position.Offset) {
      Admin admin = client.admin();
      Session.await(
              partition == null
                  ? admin.listOffsets(topic, at)
                  : admin.listOffsets(Map.of(new TopicPartition(topic, partition), at)))
          .forEach((partition, found) -> offsets.put(partition, found.offset()));
    }
    return offsets;
  }

  private void follow(
      TailraceClient client,
      ConsumerBuilder<byte[], byte[]> builder,
      Map<TopicPartition, Long> ends) {
    builder.startAt(from);
    if (!ends.isEmpty()) {
      builder.assign(ends.keySet()); // not those added meanwhile, which are read from their start
    } else if (partition == null) {
      builder.assign(topic);
    } else {
      builder.assign(new TopicPartition(topic, partition));
    }
    try (Consumer<byte[], byte[]> consumer = builder.build()) {
      seekTheEndOfShorterPartitions(consumer, ends);
      AddedPartitions added = partition == null ? new AddedPartitions(client.admin(), topic) : null;
      while (!isEnough()) {
        if (added != null) {
          added.assignTo(consumer);
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (isBeforeStart(record, ends)) {
            continue;
          }
          print(record);
          if (isEnough()) {
            break;
          }
        }
        flush();
      }
    }
  }

  /**
   * Starts partitions that have not reached the offset at their end, since brokers refuse to read
   * beyond it. Their records before the offset are left out when they come.
   */
  private void seekTheEndOfShorterPartitions(
      Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    if (from instanceof Position.Offset start) {
      ends.forEach(
          (partition, end) -> {
            if (end < start.offset()) {
              consumer.seek(partition, end);
            }
          });
    }
  }

  /** Whether the record lies before the offset at which its partition is to be read. */
  private boolean isBeforeStart(
      ConsumerRecord<byte[], byte[]> record, Map<TopicPartition, Long> ends) {
    return from instanceof Position.Offset start
        && record.offset() < start.offset()
        && ends.containsKey(record.topicPartition());
  }

  private boolean isEnough() {
    return max != null && printed >= max;
  }

  private void print(ConsumerRecord<byte[], byte[]> record) {
    if (session.json()) {
      session.terminal().println(Json.document(JsonDocuments.record(record)));
    } else {
      format.write(record, session.terminal());
    }
    printed++;
  }

  private void flush() {
    session.terminal().flush();
    lastFlushNanos = System.nanoTime();
  }
}
