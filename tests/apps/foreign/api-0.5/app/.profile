export SITE_TONE="$SITE_TONE, says .profile"
