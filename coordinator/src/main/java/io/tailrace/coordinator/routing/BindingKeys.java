package io.tailrace.coordinator.routing;

import io.tailrace.coordinator.cluster.TopicType;
import java.nio.charset.StandardCharsets;

/** What binding keys may be. */
public final class BindingKeys {
  /** As in AMQP. */
  public static final int MAX_BYTES = 255;

  /** Each may stand for any number of words, so that the work for one record grows with them. */
  public static final int MAX_ANY_WORDS = 4;

  private BindingKeys() {}

  /** Why a queue cannot be bound to an exchange of this type by the key; null when it can. */
  public static String problem(TopicType type, String bindingKey) {
    if (bindingKey.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      return "a binding key has at most " + MAX_BYTES + " bytes in UTF-8";
    }
    if (type == TopicType.TOPIC
        && Words.of(bindingKey).stream().filter(Words.ANY::equals).count() > MAX_ANY_WORDS) {
      return "the binding key '" + bindingKey + "' has more than " + MAX_ANY_WORDS + " '#'";
    }
    return null;
  }
}
