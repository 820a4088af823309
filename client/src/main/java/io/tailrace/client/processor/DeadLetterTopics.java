package io.tailrace.client.processor;

import io.tailrace.client.Admin;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.ConfigSetting;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.topic.TopicName;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/**
 * The topics of a group's dead letters: makes them on first use, and refuses those that were made
 * for others, since group {@code b.c} on topic {@code a} and group {@code c} on topic {@code a.b}
 * lead to the same name. Blocks; not to be used on the client's network thread. Thread-safe.
 */
final class DeadLetterTopics {
  private static final String OWNER = "owner";
  private static final String MAX_MESSAGE_BYTES = "max.message.bytes";

  /** The headers of a dead letter, and what a batch adds. */
  private static final int HEADROOM_BYTES = 64 * 1024;

  private final Admin admin;
  private final ProcessorConfig config;
  private final Set<String> usable = ConcurrentHashMap.newKeySet();

  DeadLetterTopics(Admin admin, ProcessorConfig config) {
    this.admin = admin;
    this.config = config;
  }

  private String owner(String source) {
    return "topic " + source + ", group " + config.group();
  }

  /**
   * Refuses names that cannot be used, before there are dead letters.
   *
   * @throws TailraceException as {@link io.tailrace.client.RecordProcessorBuilder#start} says
   */
  void check() {
    for (String source : config.topics()) {
      String name = config.deadLetterTopic(source);
      String problem = TopicName.problem(name);
      if (problem != null) {
        throw new TailraceException(
            ErrorCode.INVALID_TOPIC_NAME,
            "dead letters of topic '" + source + "' go to '" + name + "': " + problem);
      }
      String found = findOwner(name);
      if (found != null) {
        requireOwn(source, name, found);
      }
    }
  }

  /** The topic for dead letters of a topic; makes it unless it is there. */
  String forSource(String source) {
    String name = config.deadLetterTopic(source);
    if (usable.contains(name)) {
      return name;
    }
    String found = findOwner(name);
    while (found == null) {
      try {
        create(source, name);
        found = owner(source);
      } catch (TailraceException e) {
        if (e.code() != ErrorCode.TOPIC_EXISTS) {
          throw e;
        }
        found = findOwner(name); // made by another member in the meantime
      }
    }
    requireOwn(source, name, found);
    usable.add(name);
    return name;
  }

  /** A dead letter could not be written there: perhaps the topic was deleted. */
  void forget(String source) {
    usable.remove(config.deadLetterTopic(source));
  }

  private void requireOwn(String source, String name, String found) {
    if (!found.equals(owner(source))) {
      throw new TailraceException(
          ErrorCode.TOPIC_EXISTS,
          "dead letters of topic '"
              + source
              + "' and group '"
              + config.group()
              + "' go to topic '"
              + name
              + "', which "
              + (found.isEmpty() ? "has no owner" : "belongs to '" + found + "'")
              + ": use another group, or set the topic's owner to '"
              + owner(source)
              + "' if that is right");
    }
  }

  /** Null when there is no such topic; empty when it has no owner. */
  private String findOwner(String name) {
    return setting(name, OWNER, null);
  }

  private String setting(String topic, String key, String withoutTopic) {
    try {
      List<ConfigSetting> settings = await(admin.describeConfigs(ConfigResource.topic(topic)));
      return settings.stream()
          .filter(setting -> setting.name().equals(key))
          .map(ConfigSetting::value)
          .findAny()
          .orElse("");
    } catch (TailraceException e) {
      if (e.code() == ErrorCode.UNKNOWN_TOPIC) {
        return withoutTopic;
      }
      throw e;
    }
  }

  /** As many partitions and replicas as the source; kept until they are dealt with. */
  private void create(String source, String name) {
    TopicDescription described = await(admin.describeTopic(source));
    Topic topic =
        Topic.named(name)
            .partitions(described.partitions().size())
            .replicationFactor(described.replicationFactor())
            .config("retention.ms", "-1")
            .config("retention.bytes", "-1")
            .config(OWNER, owner(source));
    long largest = Long.parseLong(setting(source, MAX_MESSAGE_BYTES, "0"));
    try {
      await(
          admin.createTopic(
              topic.config(MAX_MESSAGE_BYTES, Long.toString(largest + HEADROOM_BYTES))));
    } catch (TailraceException e) {
      if (e.code() != ErrorCode.INVALID_CONFIG) {
        throw e;
      }
      await(admin.createTopic(topic)); // the source takes the largest that brokers can
    }
  }

  private static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(); // completes within the request timeout
    } catch (ExecutionException e) {
      TailraceException cause = TailraceException.of(e);
      throw new TailraceException(cause.code(), cause.getMessage(), cause);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("the topic of dead letters", e);
    }
  }
}
