{#
    `user:day:s:source's id` or `user:day:g:number of the session in the user's day`. The user is escaped, so that two
    different (user, id) never share a key. The day is in the key because a session ends at midnight UTC: a day can
    then be rebuilt alone.
#}
{% macro session_key() -%}
    replace(replace(kept.user_id, '\', '\\'), ':', '\:') || ':' || kept.event_day || ':'
    || case when kept.session_id is null then 'g:' || numbered.session_number else 's:' || kept.session_id end
{%- endmacro %}

{# Whether the pause before the event is longer than `session_gap_minutes`, or there is no event before it. #}
{% macro starts_session() -%}
    (previous_event_at is null or event_at - previous_event_at > interval ({{ var("session_gap_minutes") | int }}) minute)
{%- endmacro %}
