include $(sort $(wildcard $(BR2_EXTERNAL_OCIBOX_PATH)/package/*/*.mk))
